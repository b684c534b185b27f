#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

namespace jackdaw::answer {

// The values that were used last, at most `most` of them: a cache that forgets the one that was not asked for longest.
// Not shared between threads.
template <class Key, class Value, class Hash = std::hash<Key>>
class Recent {
 public:
  explicit Recent(std::size_t most) : most_(most) {}

  // Null when it is not there; else it is now the one used last. Valid until the next keep().
  Value* find(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  // Puts a value in, in the place of what was there under its key.
  void keep(Key key, Value value) {
    if (Value* const there = find(key)) {
      *there = std::move(value);
      return;
    }
    if (most_ == 0) return;
    if (entries_.size() == most_) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(std::move(key), std::move(value));
    places_.emplace(entries_.front().first, entries_.begin());
  }

  std::size_t size() const noexcept { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<const Key, Value>>;
  std::size_t most_;
  Entries entries_;  // the one used last comes first
  std::unordered_map<Key, typename Entries::iterator, Hash> places_;
};

}  // namespace jackdaw::answer
