#include "server/ingest_command.h"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "core/clock.h"
#include "core/document_store.h"
#include "core/error.h"
#include "core/text.h"
#include "server/commands.h"
#include "server/door.h"
#include "server/file_ingest.h"
#include "server/file_walk.h"
#include "server/folder_watch.h"
#include "server/glob.h"
#include "server/ingest_report.h"
#include "server/ingest_workers.h"
#include "server/json.h"
#include "server/progress_bar.h"
#include "store/data_lock.h"

namespace jackdaw::server {
namespace {

namespace fs = std::filesystem;
using Stage = ingest::JobProgress::Stage;

constexpr std::chrono::milliseconds kBetweenLooks{100};
constexpr double kExtractionShare = 0.3;  // of the time that a file takes; the rest is embedding

// The first line, without its end.
std::string read_password(const IngestCommand& command) {
  if (!command.password_from_input && command.password_file.empty()) return "";
  std::ifstream file;
  if (!command.password_from_input) file.open(command.password_file);
  std::istream& in = command.password_from_input ? std::cin : file;
  std::string password;
  if (!in || !std::getline(in, password)) {
    throw Error(ErrorCode::kInvalidArgument, command.password_from_input
                                                 ? "Standard input holds no password. Give it as one line."
                                                 : "The password cannot be read from '" +
                                                       command.password_file.string() + "'. Give it as one line.");
  }
  if (password.ends_with('\r')) password.pop_back();
  return password;
}

// Each word is one tag or several, separated by commas, as in a form.
std::vector<std::string> tags_of(const std::vector<std::string>& words) {
  std::vector<std::string> tags;
  for (const std::string& word : words) {
    std::istringstream parts(word);
    for (std::string tag; std::getline(parts, tag, ',');) {
      if (!text::trim(tag).empty()) tags.push_back(tag);
    }
  }
  return clean_tags(tags);
}

WalkOptions walk_options(const IngestCommand& command, const Config& config) {
  WalkOptions options{.exclude = command.exclude, .include_hidden = command.include_hidden};
  // The collection is not a part of itself, also where its folder is made only now.
  std::error_code unreachable;
  const fs::path data_dir = fs::weakly_canonical(fs::absolute(config.data_dir), unreachable);
  if (!unreachable) options.exclude.push_back(quoted_for_glob(data_dir.native()));
  return options;
}

// A dry run makes no collection where there is none.
std::unique_ptr<Door> open_door_for(const IngestCommand& command, const Config& config,
                                    const Cancellation& cancellation) {
  if (!command.dry_run) return open_door(config, DoorNeeds::kAnswers, cancellation);
  std::error_code ignored;
  if (!fs::exists(config.data_dir / "jackdaw.db", ignored)) return nullptr;
  return open_door(config, DoorNeeds::kDocuments, cancellation);
}

double fraction_of(const ingest::JobProgress& progress) {
  const double pages = progress.pages > 0 ? static_cast<double>(progress.page) / progress.pages : 0;
  switch (progress.stage) {
    case Stage::kQueued: return 0;
    case Stage::kExtracting: return kExtractionShare * std::min(1.0, pages);
    case Stage::kEmbedding: break;
    default: return 1;
  }
  const double chunks =
      progress.chunks > 0 ? static_cast<double>(progress.chunk) / static_cast<double>(progress.chunks) : 0;
  return kExtractionShare + (1 - kExtractionShare) * std::min(1.0, chunks);
}

std::string step_of(const ingest::JobProgress& progress) {
  switch (progress.stage) {
    case Stage::kExtracting: {
      std::string step = (progress.recognizing ? "recognising page " : "page ") + std::to_string(progress.page);
      if (progress.pages > 0) step += " of " + std::to_string(progress.pages);
      return progress.page == 0 ? "opening" : step;
    }
    case Stage::kEmbedding:
      return "passage " + std::to_string(progress.chunk) + " of " + std::to_string(progress.chunks);
    case Stage::kStoring: return "storing";
    default: return "waiting";
  }
}

// One run of the command: the files on their way, what is said of them, what is told at the end.
class IngestRun {
 public:
  IngestRun(const IngestCommand& command, const Config& config, Terminal& terminal, const Cancellation& cancellation)
      : command_(command),
        terminal_(terminal),
        cancellation_(cancellation),
        selection_(command.words, walk_options(command, config)),
        options_{
            .tags = tags_of(command.tags), .password = read_password(command), .keep_partial = command.keep_partial},
        door_(open_door_for(command, config, cancellation)),
        report_(command.dry_run) {}

  int run() {
    std::optional<FolderWatch> watch;
    if (command_.watch) watch.emplace(selection_);
    IngestWorkers workers(command_.concurrency, [this](const FoundFile& file, const Door::OnProgress& on_progress) {
      return command_.dry_run ? foresee_file(door_.get(), file, cancellation_)
                              : ingest_file(*door_, file, options_, on_progress, cancellation_);
    });
    for (FoundFile& file : selection_.find()) expect(std::move(file), workers);
    std::optional<Error> failure;
    draw({});
    try {
      while (step(workers, watch)) {
      }
    } catch (const Error& error) {
      if (!cancellation_.requested()) failure = error;
    }
    return finish(failure);
  }

 private:
  void expect(FoundFile file, IngestWorkers& workers) {
    // While a worker has it, it may have read the old bytes: once more, then.
    if (!on_their_way_.insert(file.path).second) {
      once_more_.insert(file.path);
      return;
    }
    report_.expect(file.path);
    bytes_ += file.bytes;
    ++files_;
    sizes_[file.path.native()] = file.bytes;
    workers.add(std::move(file));
  }

  // False when everything is done.
  bool step(IngestWorkers& workers, std::optional<FolderWatch>& watch) {
    IngestWorkers::News news = workers.wait(kBetweenLooks);
    for (IngestedFile& file : news.done) done(std::move(file), workers);
    if (!news.done.empty()) return true;
    if (!news.idle) draw(news.running);
    if (!watch) return !news.idle;
    take(watch->changes(SteadyClock::now()), workers);
    if (!news.idle) return true;
    terminal_.progress("watching " + std::to_string(watch->folders()) + " folders; Ctrl-C ends");
    watch->wait(kBetweenLooks, cancellation_);
    return !cancellation_.requested();
  }

  void done(IngestedFile file, IngestWorkers& workers) {
    const fs::path path = file.path;
    ++files_done_;
    bytes_done_ += sizes_[path.native()];
    const bool was_read = file.outcome == IngestOutcome::kIndexed || file.outcome == IngestOutcome::kReplaced;
    if (was_read && file.document) pages_done_ += file.document->pages;
    say(file);
    report_.add(std::move(file));
    on_their_way_.erase(path);
    if (once_more_.erase(path) > 0) expect(selection_.look_at(path), workers);
  }

  void take(const FolderWatch::Changes& changes, IngestWorkers& workers) {
    if (changes.lost) {
      for (FoundFile& file : selection_.find()) expect(std::move(file), workers);
    }
    for (const fs::path& path : changes.files) expect(selection_.look_at(path), workers);
    for (const fs::path& path : changes.gone) {
      const IngestedFile* file = report_.find(path);
      if (file == nullptr || !file->document || file->error || !said_gone_.insert(path).second) continue;
      if (!command_.as_json) {
        terminal_.line(harmless_name(path.native()) + ": gone; its document stays (jackdaw documents --delete " +
                       file->document->id.value + " removes it)");
      }
    }
  }

  // One line a file, where no bar says how it goes.
  void say(const IngestedFile& file) {
    if (command_.as_json || (terminal_.is_watched() && !command_.watch && !command_.dry_run)) return;
    if (file.outcome == IngestOutcome::kFailed) {
      terminal_.complain(report_.line(file));
    } else {
      terminal_.line(report_.line(file));
    }
  }

  void draw(const std::vector<IngestWorkers::Running>& running) {
    double bytes = static_cast<double>(bytes_done_);
    double pages = pages_done_;
    for (const auto& [file, progress] : running) {
      bytes += static_cast<double>(file.bytes) * fraction_of(progress);
      pages += progress.page;
    }
    const TimePoint now = SteadyClock::now();
    byte_speed_.add(now, bytes);
    page_speed_.add(now, pages);
    ProgressView view{.files_done = files_done_, .files = files_};
    view.fraction = bytes_ == 0 ? 0 : bytes / static_cast<double>(bytes_);
    view.pages_per_s = page_speed_.per_second();
    if (const double speed = byte_speed_.per_second(); speed > 0) {
      view.eta_s = (static_cast<double>(bytes_) - bytes) / speed;
    }
    if (!running.empty()) {
      view.current = running.front().file.path.filename().native();
      view.step = command_.dry_run ? "" : step_of(running.front().progress);
    }
    terminal_.progress(progress_line(view, terminal_.columns()));
  }

  int finish(const std::optional<Error>& failure) {
    terminal_.end_progress();
    if (command_.as_json) {
      terminal_.line(dump(report_.to_json()));
    } else {
      for (const std::string& line : report_.table()) terminal_.line(line);
    }
    if (failure) terminal_.complain(failure->what());
    const bool cut = cancellation_.requested() && report_.count_missing() > 0;
    if (cut && !command_.dry_run) {
      terminal_.complain(
          "Interrupted. What was accepted stays in the queue and is read by 'jackdaw serve' or the next 'jackdaw "
          "ingest'.");
    }
    if (cancellation_.requested() && !command_.watch) return kExitInterrupted;
    if (failure && report_.exit_code() == kExitOk) return kExitFailed;
    return report_.exit_code();
  }

  const IngestCommand& command_;
  Terminal& terminal_;
  const Cancellation& cancellation_;
  const FileSelection selection_;
  const FileIngestOptions options_;
  const std::unique_ptr<Door> door_;  // none: a dry run without a collection
  IngestReport report_;

  std::set<fs::path> on_their_way_;
  std::set<fs::path> once_more_;
  std::set<fs::path> said_gone_;
  std::unordered_map<std::string, std::uint64_t> sizes_;
  std::size_t files_ = 0;
  std::size_t files_done_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t bytes_done_ = 0;
  double pages_done_ = 0;
  SpeedMeter byte_speed_;
  SpeedMeter page_speed_;
};

}  // namespace

int run_ingest_command(const IngestCommand& command, const Config& config, Terminal& terminal,
                       const Cancellation& cancellation) {
  if (command.watch && command.dry_run) {
    throw Error(ErrorCode::kInvalidArgument, "--watch and --dry-run do not go together. Leave one out.");
  }
  std::signal(SIGPIPE, SIG_IGN);  // who stops listening does not stop the files
  terminal.progress("opening the collection");
  return IngestRun(command, config, terminal, cancellation).run();
}

}  // namespace jackdaw::server
