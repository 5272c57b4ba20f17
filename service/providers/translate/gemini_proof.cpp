#include "service/providers/translate/gemini_proof.h"

#include <algorithm>

namespace bursar::providers::translate {
namespace {

constexpr std::string_view thought = "bursarTh";
constexpr std::string_view redacted = "bursarRe";
constexpr std::string_view unsigned_content = "bursarRc";
constexpr std::string_view unsigned_short = "bursarRs";

}  // namespace

std::string proof_of(const Part& part) {
    if (part.kind == Part::Kind::redacted_thinking) return std::string(redacted).append(part.text);
    if (part.signature.empty()) return {};
    if (part.signature == unsigned_thinking) return std::string(unsigned_content);
    if (part.signature == unsigned_thinking_short) return std::string(unsigned_short);
    return std::string(thought).append(part.signature);
}

void take_proof(Part& part, std::string_view proof) {
    const auto rest = proof.substr(std::min(thought.size(), proof.size()));
    if (proof.starts_with(thought)) part.signature = rest;
    if (proof == unsigned_content) part.signature = unsigned_thinking;
    if (proof == unsigned_short) part.signature = unsigned_thinking_short;
    if (!proof.starts_with(redacted)) return;
    part.kind = Part::Kind::redacted_thinking;
    part.text = rest;
}

}  // namespace bursar::providers::translate
