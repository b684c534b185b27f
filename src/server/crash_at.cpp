#include "server/crash_at.h"

#ifdef JACKDAW_CRASH_STEPS

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "server/config.h"

namespace jackdaw::server {

std::function<void(store::StoreStep)> crash_from_environment() {
  constexpr char kVariable[] = "JACKDAW_CRASH_AT";
  const char* const given = std::getenv(kVariable);
  if (given == nullptr || *given == '\0') return {};
  const std::string_view text = given;
  const std::size_t colon = text.find(':');
  const auto step = store::store_step_from(text.substr(0, colon));
  int times = 1;
  if (colon != std::string_view::npos) {
    const std::string_view number = text.substr(colon + 1);
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), times);
    if (failure != std::errc{} || end != number.data() + number.size()) times = 0;
  }
  if (!step || times < 1) refuse_setting(kVariable, given, "give a step of the store, or step:times");
  const auto left = std::make_shared<std::atomic<int>>(times);
  return [step = *step, left](store::StoreStep reached) {
    if (reached == step && left->fetch_sub(1) == 1) std::raise(SIGKILL);
  };
}

}  // namespace jackdaw::server

#else

namespace jackdaw::server {

std::function<void(store::StoreStep)> crash_from_environment() {
  return {};
}

}  // namespace jackdaw::server

#endif
