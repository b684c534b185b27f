#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace jackdaw::providers {

// `text` with "[key]" in place of every one of `secrets`, whole or from its first eight characters on, and of every
// word that is written like a provider's key ("sk-...", "gsk_...", "AIza...", "xai-...", "Bearer ..."), masked ones
// too. Pure.
std::string redact(std::string_view text, const std::vector<std::string>& secrets);

}  // namespace jackdaw::providers
