// How good the stand-alone questions of answer/follow_up are: what retrieval finds with them on MTRAG, and how near
// they are to what people wrote on the topics of CAsT 2019 and 2020.
//
//   follow_up_quality [--rerank DEPTH] [--only-cast] [--show]
//
// "closed" is the part of the distance between as asked and human rewrite. --rerank puts the best DEPTH of each
// question in the cross-encoder's order as well: some 3,300 pairs at a depth of 10, that is ten minutes of two cores.
// --show prints each question.
//
// Needs the test data (JACKDAW_TEST_DATA, or ../shared/data beside the source) and the models (JACKDAW_TEST_MODELS, or
// third_party/models).

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "answer/follow_up.h"
#include "follow_up/cast.h"
#include "follow_up/content_words.h"
#include "follow_up/hybrid_search.h"
#include "follow_up/mtrag.h"
#include "follow_up/sample.h"

namespace jackdaw::follow_up_bench {
namespace {

constexpr std::size_t kDepth = 5;

std::filesystem::path from_environment(const char* name, const std::filesystem::path& otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::filesystem::path(given) : otherwise;
}

// The conversation so far, each question made to stand alone in its turn, as the product does it.
std::vector<PastTurn> conversation(const std::vector<std::string>& questions, const std::vector<std::string>& answers) {
  std::vector<PastTurn> history;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    PastTurn turn{MessageId{std::to_string(i)}, questions[i], {}, i < answers.size() ? answers[i] : ""};
    turn.standalone_question = answer::resolve_by_rules(turn.question, history).text;
    history.push_back(std::move(turn));
  }
  return history;
}

struct Scores {
  std::vector<double> ndcg;
  std::vector<double> recall;
};

double ndcg(const std::vector<std::size_t>& places, const MtragTask& task) {
  double found = 0, ideal = 0;
  for (std::size_t i = 0; i < std::min(kDepth, places.size()); ++i) {
    const auto gain = task.relevant.find(places[i]);
    if (gain != task.relevant.end()) found += gain->second / std::log2(static_cast<double>(i) + 2);
  }
  std::vector<int> gains;
  for (const auto& [place, gain] : task.relevant) gains.push_back(gain);
  std::sort(gains.rbegin(), gains.rend());
  for (std::size_t i = 0; i < std::min(kDepth, gains.size()); ++i) {
    ideal += gains[i] / std::log2(static_cast<double>(i) + 2);
  }
  return ideal == 0 ? 0 : found / ideal;
}

double recall(const std::vector<std::size_t>& places, const MtragTask& task) {
  double found = 0;
  for (std::size_t i = 0; i < std::min(kDepth, places.size()); ++i) {
    if (task.relevant.contains(places[i])) ++found;
  }
  return task.relevant.empty() ? 0 : found / static_cast<double>(task.relevant.size());
}

std::string joined(const MtragTask& task) {
  std::string all;
  for (const std::string& turn : task.earlier) all += turn + " ";
  return all + task.question;
}

// One way to ask for the last turn.
struct Way {
  const char* name;
  std::vector<std::string> questions;  // one for each task
};

std::vector<Way> ways(const std::vector<MtragTask>& tasks) {
  Way raw{"last turn as asked", {}}, all{"all user turns joined", {}}, rules{"follow_up rules", {}},
      no_answers{"rules, answers withheld", {}}, human{"human rewrite", {}};
  for (const MtragTask& task : tasks) {
    raw.questions.push_back(task.question);
    all.questions.push_back(joined(task));
    rules.questions.push_back(answer::resolve_by_rules(task.question, conversation(task.earlier, task.answers)).text);
    no_answers.questions.push_back(answer::resolve_by_rules(task.question, conversation(task.earlier, {})).text);
    human.questions.push_back(task.rewrite);
  }
  return {raw, all, rules, no_answers, human};
}

std::vector<std::size_t> differing(const std::vector<MtragTask>& tasks) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].question != tasks[i].rewrite) places.push_back(i);
  }
  return places;
}

Scores score(HybridSearch& search, const std::vector<MtragTask>& tasks, const Way& way,
             const std::vector<std::size_t>& which, std::size_t rerank_depth) {
  Scores scores;
  for (const std::size_t i : which) {
    const auto places = search.search(way.questions[i], rerank_depth);
    scores.ndcg.push_back(ndcg(places, tasks[i]));
    scores.recall.push_back(recall(places, tasks[i]));
  }
  return scores;
}

void print_difference(const char* name, const Scores& ours, const Scores& raw, const Scores& human) {
  std::vector<double> differences;
  int better = 0, worse = 0;
  for (std::size_t i = 0; i < ours.ndcg.size(); ++i) {
    differences.push_back(ours.ndcg[i] - raw.ndcg[i]);
    if (differences.back() > 0) ++better;
    if (differences.back() < 0) ++worse;
  }
  const Interval interval = bootstrap(differences);
  const double closed = 100 * mean(differences) / (mean(human.ndcg) - mean(raw.ndcg));
  std::printf("  %-24s %+7.3f  [%+.3f, %+.3f] %6d %6d %7.0f%%\n", name, mean(differences), interval.low, interval.high,
              better, worse, closed);
}

// The first way is the last turn as asked, the last one the human rewrite.
void print_table(HybridSearch& search, const std::vector<MtragTask>& tasks, const std::vector<Way>& all,
                 const std::vector<std::size_t>& which, std::size_t rerank_depth) {
  std::printf("  %-24s %7s  %-16s %10s\n", "", "nDCG@5", "95% interval", "recall@5");
  std::vector<Scores> scores;
  for (const Way& way : all) {
    const Scores& last = scores.emplace_back(score(search, tasks, way, which, rerank_depth));
    const Interval interval = bootstrap(last.ndcg);
    std::printf("  %-24s %7.3f  [%.3f, %.3f]   %10.3f\n", way.name, mean(last.ndcg), interval.low, interval.high,
                mean(last.recall));
  }
  std::printf("  %-24s %7s  %-16s %6s %6s %8s\n", "against as asked, paired", "nDCG@5", "95% interval", "better",
              "worse", "closed");
  for (std::size_t i = 1; i < all.size(); ++i) print_difference(all[i].name, scores[i], scores[0], scores.back());
}

void show(const Mtrag& mtrag, const std::vector<Way>& all, HybridSearch& search) {
  for (const std::size_t i : differing(mtrag.tasks)) {
    std::printf("\n%s\n", mtrag.tasks[i].id.c_str());
    for (const std::string& turn : mtrag.tasks[i].earlier) std::printf("              | %s\n", turn.c_str());
    for (const std::size_t way : {0, 2, 4}) {
      const auto places = search.search(all[way].questions[i], 0);
      std::printf("  %5.3f  %s\n", ndcg(places, mtrag.tasks[i]), all[way].questions[i].c_str());
    }
  }
}

void measure_mtrag(const std::filesystem::path& folder, std::size_t rerank_depth, bool shown) {
  const Mtrag mtrag = read_mtrag(folder);
  const auto with_answers = std::count_if(mtrag.tasks.begin(), mtrag.tasks.end(), [](const MtragTask& task) {
    return !task.earlier.empty() && !task.answers.empty();
  });
  const auto first =
      std::count_if(mtrag.tasks.begin(), mtrag.tasks.end(), [](const MtragTask& task) { return task.earlier.empty(); });
  HybridSearch search(mtrag.corpus, from_environment("JACKDAW_TEST_MODELS",
                                                     std::filesystem::path(JACKDAW_SOURCE_DIR) / "third_party/models"));
  const std::vector<Way> all = ways(mtrag.tasks);
  std::vector<std::size_t> every(mtrag.tasks.size());
  for (std::size_t i = 0; i < every.size(); ++i) every[i] = i;
  std::printf("MTRAG: %zu passages, %zu last turns (%td first ones), earlier answers known for %td of the others\n",
              mtrag.corpus.size(), every.size(), first, with_answers);
  const std::vector<std::size_t> different = differing(mtrag.tasks);
  std::printf("\n all %zu last turns, fused order\n", every.size());
  print_table(search, mtrag.tasks, all, every, 0);
  std::printf("\n the %zu that differ from the human rewrite, fused order\n", different.size());
  print_table(search, mtrag.tasks, all, different, 0);
  if (rerank_depth > 0) {
    std::printf("\n the same %zu, the best %zu of the fused order reranked\n", different.size(), rerank_depth);
    print_table(search, mtrag.tasks, {all[0], all[2], all[4]}, different, rerank_depth);
  }
  if (shown) show(mtrag, all, search);
}

void measure_cast(const char* name, const std::vector<CastTopic>& topics, bool shown) {
  std::vector<double> raw, rules;
  std::size_t turns = 0, changed = 0, resolved = 0;
  for (const CastTopic& topic : topics) {
    std::vector<std::string> questions;
    for (const CastTurn& turn : topic.turns) {
      const std::string ours = answer::resolve_by_rules(turn.raw, conversation(questions, {})).text;
      if (questions.empty() && ours != turn.raw) ++changed;
      if (ours != turn.raw) ++resolved;
      const auto wanted = content_words(turn.manual);
      if (!questions.empty()) {
        raw.push_back(f1(content_words(turn.raw), wanted));
        rules.push_back(f1(content_words(ours), wanted));
        if (shown) {
          std::printf("%.2f %.2f  %s\n           %s\n           %s\n", raw.back(), rules.back(), turn.raw.c_str(),
                      ours.c_str(), turn.manual.c_str());
        }
      }
      questions.push_back(turn.raw);
      ++turns;
    }
  }
  const Interval as_asked = bootstrap(raw), ours = bootstrap(rules);
  std::printf("\n%s: %zu topics, %zu turns, %zu resolved; first turns changed: %zu\n", name, topics.size(), turns,
              resolved, changed);
  std::printf("  content-word F1 against the manual rewrite, %zu later turns\n", raw.size());
  std::printf("  %-24s %7.3f  [%.3f, %.3f]\n", "as asked", mean(raw), as_asked.low, as_asked.high);
  std::printf("  %-24s %7.3f  [%.3f, %.3f]\n", "follow_up rules", mean(rules), ours.low, ours.high);
}

int run(int argc, char** argv) {
  std::size_t rerank_depth = 0;
  bool shown = false, only_cast = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--rerank" && i + 1 < argc) {
      rerank_depth = std::stoul(argv[++i]);
    } else if (argument == "--show") {
      shown = true;
    } else if (argument == "--only-cast") {
      only_cast = true;
    } else {
      std::fprintf(stderr, "usage: follow_up_quality [--rerank DEPTH] [--only-cast] [--show]\n");
      return 2;
    }
  }
  const auto data =
      from_environment("JACKDAW_TEST_DATA", std::filesystem::path(JACKDAW_SOURCE_DIR) / ".." / "shared" / "data") /
      "retrieval";
  if (!only_cast) measure_mtrag(data / "mtrag", rerank_depth, shown);
  measure_cast("CAsT 2019", read_cast_2019(data / "cast"), shown);
  measure_cast("CAsT 2020", read_cast_2020(data / "cast"), shown);
  return 0;
}

}  // namespace
}  // namespace jackdaw::follow_up_bench

int main(int argc, char** argv) {
  try {
    return jackdaw::follow_up_bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "follow_up_quality: %s\n", error.what());
    return 1;
  }
}
