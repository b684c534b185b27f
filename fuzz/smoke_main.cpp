// Runs a fuzz target without a fuzzing engine: every file of the corpus folder (argument 1, may be absent), each of
// them mutated, and random bytes. Seeded: the same inputs every time.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int kRandomInputs = 1500;
constexpr int kMutationsPerFile = 200;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::string mutate(std::string input, std::mt19937& random) {
  const auto pick = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };
  for (std::size_t n = 1 + pick(8); n > 0 && !input.empty(); --n) {
    const std::size_t at = pick(input.size());
    switch (pick(4)) {
      case 0: input[at] = static_cast<char>(pick(256)); break;
      case 1: input.erase(at, 1 + pick(16)); break;
      case 2: input.insert(at, input.substr(pick(input.size()), 1 + pick(16))); break;
      default: input.resize(at); break;
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  std::mt19937 random(7);
  std::vector<std::string> corpus{"", "a"};
  if (argc > 1 && std::filesystem::is_directory(argv[1])) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
      std::ifstream file(entry.path(), std::ios::binary);
      corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  int count = 0;
  for (const std::string& input : corpus) {
    run(input);
    for (int i = 0; i < kMutationsPerFile; ++i, ++count) run(mutate(input, random));
  }
  for (int i = 0; i < kRandomInputs; ++i, ++count) {
    std::string input(std::uniform_int_distribution<std::size_t>(0, 512)(random), '\0');
    for (char& c : input) c = static_cast<char>(random());
    run(input);
  }
  std::cout << count << " inputs\n";
  return 0;
}
