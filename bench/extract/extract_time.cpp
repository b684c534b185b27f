// extract_time JACKDAW_PARSE FILE: the time in milliseconds from the path of a file to all of its pages with text and
// boxes in this process, the start of the confined child included.
#include <chrono>
#include <cstdio>

#include "extract/confined_extractor.h"

int main(int count, char** arguments) {
  if (count != 3) return 64;
  jackdaw::extract::ConfinedExtractor extractor({.parser = arguments[1]});
  std::size_t words = 0;
  const auto start = std::chrono::steady_clock::now();
  extractor.extract({.path = arguments[2], .filename = "bench.pdf"},
                    {.on_page = [&](jackdaw::Page&& page) { words += page.words.size(); }}, {});
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  std::printf("%.3f %zu\n", time.count(), words);
  return 0;
}
