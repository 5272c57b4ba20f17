#include "service/providers/translate/converse_content.h"

#include "service/base/crypto.h"

#include <algorithm>

#include <fmt/format.h>

namespace bursar::providers::translate {
namespace {

using Kind = Part::Kind;

constexpr std::size_t tool_id_bytes_max = 64, document_name_bytes_max = 200;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::unexpected<Error> refused(std::string text) { return fail(Fault::invalid_request, std::move(text)); }

}  // namespace

std::string converse_tool_id(std::string_view id) {
    std::string out(id);
    std::ranges::replace_if(out, [](char c) { return !is_alphanumeric(c) && c != '_' && c != '-'; }, '_');
    if (out.size() <= tool_id_bytes_max) return out;
    constexpr std::size_t kept = 24;
    return out.substr(0, kept) + to_hex(sha256(id)).substr(0, tool_id_bytes_max - kept);
}

bool ConverseContent::is_said(const Part& part) const {
    switch (part.kind) {
        case Kind::text:
        case Kind::refusal:
            return !blank(part.text);
        case Kind::thinking:
            return family_ == Family::anthropic && !part.signature.empty() && part.signature != unsigned_thinking &&
                   part.signature != unsigned_thinking_short;
        case Kind::redacted_thinking:
            return family_ == Family::anthropic;
        case Kind::image:
        case Kind::document:
        case Kind::tool_call:
        case Kind::tool_result:
            return true;
    }
    return true;
}

Result<void> ConverseContent::write(const Part& part) {
    switch (part.kind) {
        case Kind::text:
        case Kind::refusal:
            json_.open().field("text", part.text).close();
            break;
        case Kind::image:
            return image(part);
        case Kind::document:
            return document(part);
        case Kind::thinking:
        case Kind::redacted_thinking:
            thinking(part);
            break;
        case Kind::tool_call:
            json_.open().key("toolUse").open().field("toolUseId", converse_tool_id(part.id)).field("name", part.name);
            json_.key("input").raw(part.arguments).close().close();
            break;
        case Kind::tool_result:
            return tool_result(part);
    }
    return {};
}

void ConverseContent::thinking(const Part& part) {
    json_.open().key("reasoningContent").open();
    if (part.kind == Kind::redacted_thinking)
        json_.field("redactedContent", part.text);
    else
        json_.key("reasoningText").open().field("text", part.text).field("signature", part.signature).close();
    json_.close().close();
}

Result<void> ConverseContent::image(const Part& part) {
    constexpr std::string_view begin = "image/";
    if (part.by_url)
        return refused(
            "An image is a URL, which this model's provider does not fetch. Send the image itself as base64.");
    if (!part.media_type.starts_with(begin))
        return refused("An image has no type that this model knows. Send a PNG, JPEG, GIF or WebP.");
    json_.open().key("image").open().field("format", part.media_type.substr(begin.size()));
    json_.key("source").open().field("bytes", part.data).close().close().close();
    return {};
}

Result<void> ConverseContent::document(const Part& part) {
    if (part.by_url)
        return refused("A document is a URL, which this model's provider does not fetch. Send the document as base64.");
    if (part.media_type != "application/pdf") return refused("A document is no PDF. Send a PDF, or its text.");
    json_.open().key("document").open().field("format", "pdf").field("name", document_name(part.name));
    json_.key("source").open().field("bytes", part.data).close().close().close();
    return {};
}

/// Letters, digits, single blanks, hyphens and brackets, and no two alike in a conversation.
std::string ConverseContent::document_name(std::string_view wanted) {
    std::string name;
    for (const char c : wanted.substr(0, wanted.find_last_of('.'))) {
        const bool plain = is_alphanumeric(c) || std::string_view("-()[]").contains(c);
        const char fit = plain ? c : ' ';
        if (fit != ' ' || (!name.empty() && name.back() != ' ')) name += fit;
        if (name.size() == document_name_bytes_max) break;
    }
    while (name.ends_with(' ')) name.pop_back();
    if (name.empty()) name = "document";
    const std::string first = name;
    for (std::size_t i = 2; !documents_.insert(name).second; ++i) name = fmt::format("{} {}", first, i);
    return name;
}

Result<void> ConverseContent::tool_result(const Part& part) {
    json_.open().key("toolResult").open().field("toolUseId", converse_tool_id(part.id)).key("content").open_list();
    bool said = false;
    for (const auto& one : part.parts) {
        if (!is_said(one)) continue;
        TRY_VOID(write(one));
        said = true;
    }
    // A result without content is refused there.
    if (!said) json_.open().field("text", "(no output)").close();
    json_.close_list();
    if (part.failed) json_.field("status", "error");
    json_.close().close();
    return {};
}

void ConverseContent::mark(CacheMark mark) {
    if (mark == CacheMark::none || !caches(family_)) return;
    json_.open().key("cachePoint").open().field("type", "default");
    if (mark == CacheMark::hour) json_.field("ttl", "1h");
    json_.close().close();
}

}  // namespace bursar::providers::translate
