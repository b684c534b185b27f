#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "core/guarded.h"
#include "server/door.h"
#include "server/file_walk.h"
#include "server/ingest_report.h"

namespace jackdaw::server {

// A few threads that take files through a door, so that one is read while another is embedded. One thread gives the
// files and hears the news. What `work` throws ends it all: nothing else begins, and the first of it is rethrown by
// wait() once nothing runs any more.
class IngestWorkers {
 public:
  using Work = std::function<IngestedFile(const FoundFile&, const Door::OnProgress&)>;

  IngestWorkers(std::size_t threads, Work work);
  // Waits for what runs; what waits never begins.
  ~IngestWorkers();
  IngestWorkers(const IngestWorkers&) = delete;
  IngestWorkers& operator=(const IngestWorkers&) = delete;

  void add(FoundFile file);

  struct Running {
    FoundFile file;
    ingest::JobProgress progress{};
  };
  struct News {
    std::vector<IngestedFile> done;  // since the last wait()
    std::vector<Running> running;    // longest first
    bool idle = false;               // nothing runs or waits
  };
  // Returns as soon as a file is done, or nothing runs, or after `patience`.
  News wait(std::chrono::milliseconds patience);

 private:
  struct State {
    std::deque<FoundFile> waiting;
    std::map<std::uint64_t, Running> running;  // by order of beginning
    std::uint64_t begun = 0;
    std::vector<IngestedFile> done;
    std::exception_ptr failure;
    bool stopping = false;
  };

  void run();
  void take_one(std::uint64_t number, const FoundFile& file);

  const Work work_;
  Guarded<State> state_;
  std::condition_variable more_;  // files, or the end
  std::condition_variable news_;
  std::vector<std::thread> threads_;
};

}  // namespace jackdaw::server
