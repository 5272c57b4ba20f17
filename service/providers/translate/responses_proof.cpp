#include "service/providers/translate/responses_proof.h"

#include "service/providers/carried_mark.h"

#include <charconv>

#include <fmt/format.h>

namespace bursar::providers::translate {
namespace {

// <mark><bytes of the signature>.<signature><thinking>; of redacted thinking there is no signature.
constexpr std::string_view thought = "bursar-thought:";
constexpr std::string_view redacted = "bursar-redacted:";
// Of thinking that its provider does not take back: by it alone it is known not to be OpenAI's.
constexpr std::string_view shown_only = "bursar-shown:";
static_assert(shown_only.starts_with(reasoning_mark));
static_assert(thought.starts_with(reasoning_mark) && redacted.starts_with(reasoning_mark));

}  // namespace

std::string sealed(const Part& part) {
    if (part.kind == Part::Kind::redacted_thinking) return std::string(redacted).append(part.text);
    if (part.kind != Part::Kind::thinking) return {};
    if (part.signature.empty()) return std::string(shown_only);
    return fmt::format("{}{}.{}{}", thought, part.signature.size(), part.signature, part.text);
}

std::optional<Part> unsealed(std::string_view text) {
    if (text.starts_with(redacted))
        return Part{.kind = Part::Kind::redacted_thinking, .text = text.substr(redacted.size())};
    if (!text.starts_with(thought)) return std::nullopt;
    text.remove_prefix(thought.size());
    std::size_t bytes = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    const auto dot = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || dot >= text.size() || text[dot] != '.') return std::nullopt;
    text.remove_prefix(dot + 1);
    if (bytes == 0 || bytes > text.size()) return std::nullopt;
    return Part{.kind = Part::Kind::thinking, .text = text.substr(bytes), .signature = text.substr(0, bytes)};
}

}  // namespace bursar::providers::translate
