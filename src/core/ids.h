#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace jackdaw {

// An identifier that cannot be mistaken for another kind of identifier, nor for a plain string or number.
template <class Tag, class Representation>
struct StrongId {
  Representation value{};
  friend auto operator<=>(const StrongId&, const StrongId&) = default;
};

// 128 random bits, base32 (RFC 4648, lower case, no padding): 26 characters.
using DocumentId = StrongId<struct DocumentTag, std::string>;
using AnswerId = StrongId<struct AnswerTag, std::string>;
using ConversationId = StrongId<struct ConversationTag, std::string>;
using MessageId = StrongId<struct MessageTag, std::string>;
// Given by the store, ascending, never reused.
using ChunkId = StrongId<struct ChunkTag, std::int64_t>;

// A new random id text from the system's random source.
std::string random_id();

// True for text of the form that random_id() makes. What comes from a caller is checked before it is used.
bool is_well_formed_id(std::string_view text) noexcept;

}  // namespace jackdaw

template <class Tag, class Representation>
struct std::hash<jackdaw::StrongId<Tag, Representation>> {
  std::size_t operator()(const jackdaw::StrongId<Tag, Representation>& id) const noexcept {
    return std::hash<Representation>{}(id.value);
  }
};
