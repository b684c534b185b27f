#include <iostream>
#include <string>

#include "index/analyzer.h"

// Prints the terms of each line of standard input on one line, separated by spaces.
int main() {
  std::ios::sync_with_stdio(false);
  const jackdaw::index::Analyzer analyzer;
  for (std::string line; std::getline(std::cin, line);) {
    const char* separator = "";
    for (const std::string& term : analyzer.terms(line)) {
      std::cout << separator << term;
      separator = " ";
    }
    std::cout << '\n';
  }
  return 0;
}
