#pragma once

#include "answer/follow_up_groups.h"
#include "core/text.h"

namespace jackdaw::answer {

// What a question leaves to be understood.
enum class Reference {
  kNone,      // nothing: it stands by itself
  kThing,     // it, this
  kSeveral,   // they, those
  kNamed,     // he, she
  kPlace,     // there, the city
  kQuestion,  // the question before it: "Why?", "Tell me more."
  kAny,       // whatever was spoken of: "the main symptoms", "and in Spain?"
};

// How it is put into words.
enum class Place {
  kNoun,        // in the place of a pronoun or a short name
  kPossessive,  // in the place of "its"
  kBehind,      // behind the question
};

struct Gap {
  Reference reference = Reference::kNone;
  Place place = Place::kBehind;
  text::Range range{};  // of the words that are replaced

  // By a pronoun or the like.
  bool refers() const noexcept { return reference != Reference::kNone && reference != Reference::kAny; }
};

Gap find_gap(const ReadQuestion& question);

// A noun alone may be the short form of a name that was given in full before: "the experiment", "Anne".
bool is_short_form(const ReadQuestion& question, const NounGroup& group);

}  // namespace jackdaw::answer
