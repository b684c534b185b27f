#pragma once

#include <string_view>

#include "extract/confined/parsed_text.h"

namespace jackdaw::extract {

// Whether a file begins with the head of a mail.
bool looks_like_mail(std::string_view bytes);

// An e-mail (RFC 5322, MIME): its subject as heading, who wrote to whom and when, its text (of several versions the
// plain one), mails inside of it, and attachments: those that are text are read, the others named. See plain_text.h for
// what all readers promise.
ParsedText read_mail(std::string_view bytes, const ReadLimits& limits);

}  // namespace jackdaw::extract
