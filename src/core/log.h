#pragma once

#include <string>
#include <string_view>

namespace jackdaw::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

// The log goes to standard error, one line an event, so that standard output stays the answer. Lines that modules write
// never hold a secret, a document's text or a question. Safe from any thread.
void set_level(Level level);

void debug(std::string_view message);
void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

}  // namespace jackdaw::log
