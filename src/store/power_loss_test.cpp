#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "store/sqlite_store.h"
#include "store/store_step.h"
#include "store/verification.h"
#include "tests/support/recorded_disk.h"
#include "tests/support/store_contents.h"
#include "tests/support/store_workload.h"

namespace jackdaw::store {
namespace {

using Marks = std::set<std::string, std::less<>>;

std::size_t end_of_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
  return at;
}

constexpr std::size_t kSectorBytes = 512;

// StoreWorkload's marks that stand in these bytes of a file. One that crosses the border of two sectors is left out:
// where a write was torn, halves of two marks may meet there.
Marks marks_in(std::string_view bytes, std::size_t sector_bytes = kSectorBytes) {
  Marks marks;
  for (std::size_t at = bytes.find("mk"); at != std::string_view::npos; at = bytes.find("mk", at + 2)) {
    const std::size_t seed_end = end_of_digits(bytes, at + 2);
    if (seed_end == at + 2 || !bytes.substr(seed_end).starts_with('n')) continue;
    const std::size_t end = end_of_digits(bytes, seed_end + 1);
    if (end != seed_end + 7 || !bytes.substr(end).starts_with('q')) continue;
    if (at / sector_bytes == end / sector_bytes) marks.emplace(bytes.substr(at, end - at + 1));
  }
  return marks;
}

Marks marks_in_rows(const std::string& rows) {
  return marks_in(rows, rows.size() + 1);
}

enum class Expected { kBefore, kAfter, kEither };  // of the action that the power loss interrupts

Expected expected_at(StoreStep step) {
  if (to_string(step).ends_with("_written")) return Expected::kBefore;
  const bool accepting = step >= StoreStep::kAcceptBegun && step <= StoreStep::kAcceptOriginalKept;
  const bool completing = step >= StoreStep::kCompleteBegun && step <= StoreStep::kCompleteRowsWritten;
  return accepting || completing ? Expected::kBefore : Expected::kAfter;
}

// Those that StoreWorkload reaches: all but those of backups, which do not change the folder.
std::vector<StoreStep> steps_of_the_workload() {
  std::vector<StoreStep> steps;
  for (const StoreStep step : all_store_steps()) {
    if (!to_string(step).starts_with("backup_")) steps.push_back(step);
  }
  return steps;
}

constexpr const char* kAcknowledged = "acknowledged";
constexpr const char* kBetween = "between two steps";

// Makes a store work, takes images of the folder as power losses would leave it, at steps, between them and when an
// action was acknowledged, and opens each image with another store. Rounds begin with an empty folder, or with one of
// the images.
class PowerLossTrial {
 public:
  struct Options {
    std::size_t images = 200;
    unsigned seed = 1;
    bool until_first_finding = false;
    std::function<bool(const std::string& path)> ignores_sync;
  };
  explicit PowerLossTrial(Options options) : options_(std::move(options)), random_(options_.seed) {}

  void run() {
    std::optional<DiskImage> start;
    for (int rounds = 0; !is_done() && rounds < kMostRounds; ++rounds) start = round(start);
  }

  // How many images of each moment.
  const std::map<std::string, std::size_t>& taken() const noexcept { return taken_; }
  std::size_t images() const noexcept { return images_; }
  const std::vector<std::string>& findings() const noexcept { return findings_; }

 private:
  struct Moment {
    std::string name;
    Expected expected;
    DiskImage image;
  };
  static constexpr int kMostRounds = 2000;
  static constexpr int kActionsPerRound = 40;
  static constexpr std::size_t kEnoughFindings = 10;

  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }

  bool is_done() const {
    if (findings_.size() >= (options_.until_first_finding ? 1 : kEnoughFindings)) return true;
    if (images_ < options_.images) return false;
    return std::ranges::all_of(steps_of_the_workload(),
                               [this](StoreStep step) { return taken_.contains(std::string(to_string(step))); });
  }

  std::optional<DiskImage> round(const std::optional<DiskImage>& start) {
    const TemporaryFolder folder;
    if (start) start->write_to(folder.path());
    RecordedDisk disk(folder.path());
    disk.ignores_sync = options_.ignores_sync;
    disk.on_change = [this, &disk] { consider(kBetween, Expected::kEither, 0.2, 0.003, disk); };
    const double of_steps = 0.6 / static_cast<double>(steps_of_the_workload().size());
    StoreWorkload workload(
        folder.path(),
        [&](StoreStep step) { consider(std::string(to_string(step)), expected_at(step), of_steps, 0.3, disk); },
        options_.seed * 1000 + ++rounds_);
    opening_ = true;
    act(disk, folder.path(), [&] { workload.open(); });
    opening_ = false;
    for (int i = 0; i < kActionsPerRound && !is_done(); ++i) {
      act(disk, folder.path(), [&] { workload.act(); });
    }
    if (moments_.empty() || chance(0.4)) return std::nullopt;
    return std::move(moments_[random_() % moments_.size()].image);
  }

  void act(const RecordedDisk& disk, const std::filesystem::path& folder, const std::function<void()>& action) {
    before_ = std::move(after_);
    moments_.clear();
    acting_ = true;
    action();
    consider(kAcknowledged, Expected::kAfter, 0.2, 0.2, disk);
    acting_ = false;
    after_ = all_rows(folder);
    std::erase_if(moments_, [this](const Moment& each) { return !is_sound(each); });
  }

  // Takes an image by chance, unless this moment had its share of all images.
  void consider(const std::string& name, Expected expected, double share, double probability,
                const RecordedDisk& disk) {
    if (!acting_ || is_done()) return;
    std::size_t& taken = taken_.try_emplace(name, 0).first->second;
    const bool enough = static_cast<double>(taken) >= share * static_cast<double>(options_.images);
    if (!chance(enough ? probability / 20 : probability)) {
      if (taken == 0) taken_.erase(name);
      return;
    }
    ++taken;
    ++images_;
    const double luck = std::uniform_real_distribution<>(0, 1)(random_);
    const Luck kind = luck < 0.25 ? Luck::kNothing : luck < 0.4 ? Luck::kEverything : Luck::kChance;
    moments_.push_back({name, expected, disk.after_power_loss(kind, random_)});
  }

  bool is_sound(const Moment& moment) {
    const std::size_t before = findings_.size();
    const auto report = [&](const std::string& what) {
      findings_.push_back("power loss at '" + moment.name + "', image " + std::to_string(images_) + ": " + what);
    };
    // What opening a folder is to clear away may stand there until it is open.
    if (!opening_) check_bytes(moment, report);
    const TemporaryFolder folder;
    moment.image.write_to(folder.path());
    try {
      if (moment.name == kAcknowledged) check_leftovers(moment, report);
      SqliteStore({.data_dir = folder.path(), .embedder_name = "e", .readers = 1, .on_step = {}});
      check_contents(moment, folder.path(), report);
    } catch (const std::exception& error) {
      report(error.what());
    }
    return findings_.size() == before;
  }

  using Report = std::function<void(const std::string&)>;

  // Deleted text whose deletion was acknowledged is in none of the image's files. The spool is cleared by opening: the
  // removal of a name from it is never synced.
  void check_bytes(const Moment& moment, const Report& report) const {
    Marks allowed = marks_in_rows(after_);
    if (moment.name != kAcknowledged) {
      allowed.merge(marks_in_rows(before_));
    }
    for (const auto& [path, bytes] : moment.image.files) {
      if (path.starts_with("spool/")) continue;
      for (const std::string& mark : marks_in(bytes)) {
        if (!allowed.contains(mark)) report("deleted text, '" + mark + "', is in " + path);
      }
    }
  }

  // As the power loss left it, there is nothing to find but what the next opening clears away.
  static void check_leftovers(const Moment& moment, const Report& report) {
    const TemporaryFolder folder;
    moment.image.write_to(folder.path());
    for (const Finding& finding : verify(folder.path(), {})) {
      const bool leftover =
          finding.kind == Finding::Kind::kOriginalUnreferenced || finding.kind == Finding::Kind::kLeftover;
      if (!leftover || !finding.repairable) report("before it was opened: " + finding.sentence);
    }
  }

  void check_contents(const Moment& moment, const std::filesystem::path& folder, const Report& report) const {
    const std::string rows = all_rows(folder);
    const bool as_before = moment.expected != Expected::kAfter && rows == before_;
    const bool as_after = moment.expected != Expected::kBefore && rows == after_;
    if (!as_before && !as_after) {
      report(moment.expected == Expected::kBefore ? difference(before_, rows) : difference(after_, rows));
    }
    for (const std::string& damage : damages_of(folder)) report(damage);
    for (const Finding& finding : verify(folder, {})) report(finding.sentence);
    const Marks alive = marks_in_rows(rows);
    for (const auto& file : files_below(folder)) {
      for (const std::string& mark : marks_in(bytes_of(file))) {
        if (!alive.contains(mark)) report("once opened, deleted text, '" + mark + "', is in " + file.string());
      }
    }
  }

  const Options options_;
  std::mt19937 random_;
  std::map<std::string, std::size_t> taken_;
  std::size_t images_ = 0;
  std::vector<std::string> findings_;
  unsigned rounds_ = 0;
  bool acting_ = false;
  bool opening_ = false;
  std::string before_;  // all rows before the action, and after it
  std::string after_;
  std::vector<Moment> moments_;  // of the action
};

bool soaks() {
  const char* const value = std::getenv("JACKDAW_SOAK");
  return value != nullptr && std::string_view(value) == "1";
}

std::string listed(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

TEST(PowerLoss, WhatWasAcknowledgedIsThereWholeAndNothingIsHalfWheneverThePowerGoes) {
  PowerLossTrial trial({.images = soaks() ? 1000U : 200U, .seed = 1, .ignores_sync = {}});
  trial.run();
  EXPECT_TRUE(trial.findings().empty()) << listed(trial.findings());
  EXPECT_GE(trial.images(), soaks() ? 1000U : 200U);
  if (soaks()) {
    for (const auto& [moment, count] : trial.taken()) std::cout << moment << ": " << count << " images\n";
  }
  for (const StoreStep step : steps_of_the_workload()) {
    EXPECT_TRUE(trial.taken().contains(std::string(to_string(step)))) << to_string(step);
  }
  EXPECT_TRUE(trial.taken().contains(kAcknowledged) && trial.taken().contains(kBetween));
}

// Each sync is there for a reason: without it a power loss does harm, and the trial sees that.
class PowerLossOnALyingDisk : public testing::TestWithParam<const char*> {};

TEST_P(PowerLossOnALyingDisk, DoesHarm) {
  const std::string kind = GetParam();
  PowerLossTrial trial({.images = 400, .seed = 7, .until_first_finding = true, .ignores_sync = [&](const auto& path) {
                          if (kind == "folder") return path.empty();
                          if (kind == "database") return path == "jackdaw.db";
                          if (kind == "log") return path == "jackdaw.db-wal";
                          if (kind == "received_file") return path.starts_with("spool/");
                          if (kind == "originals") return path == "originals";
                          return path.starts_with("originals/");
                        }});
  trial.run();
  EXPECT_FALSE(trial.findings().empty()) << "none of " << trial.images() << " images was harmed";
}

INSTANTIATE_TEST_SUITE_P(EachSync, PowerLossOnALyingDisk,
                         testing::Values("folder", "database", "log", "received_file", "originals", "shelf"),
                         [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace jackdaw::store
