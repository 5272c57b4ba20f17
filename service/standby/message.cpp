#include "service/standby/message.h"

#include "service/base/crypto.h"
#include "service/base/ensure.h"
#include "service/base/varint.h"

#include <fmt/format.h>

namespace bursar::standby {
namespace {

constexpr std::string_view pull_mark = "P2";
constexpr std::string_view answer_mark = "A2";
constexpr std::string_view pull_key = "bursar standby pulls 1";
constexpr std::string_view answer_key = "bursar standby answers 1";
constexpr std::string_view base_ask_mark = "B1";
constexpr std::string_view base_pages_mark = "C1";
constexpr std::string_view base_ask_key = "bursar standby base asks 1";
constexpr std::string_view base_pages_key = "bursar standby base pages 1";
constexpr std::size_t code_bytes = sizeof(Digest);

Digest code_of(const Secret& pairing, std::string_view info, std::string_view body) {
    return hmac_sha256(derive_key(pairing, info).reveal(), body);
}

std::string with_code(const Secret& pairing, std::string_view info, std::string body) {
    const Digest code = code_of(pairing, info, body);
    body += as_text(code);
    return body;
}

/// What is behind the mark and in front of the code.
Result<std::string_view> proven(const Secret& pairing, std::string_view info, std::string_view mark,
                                std::string_view bytes) {
    const auto strange = [&](std::string_view why) {
        return fail(Fault::unauthenticated,
                    "This was not sent by the other node of this pair. Pair the two anew: bursarctl standby pair",
                    fmt::format("a message of {} bytes: {}", bytes.size(), why));
    };
    if (bytes.size() < mark.size() + code_bytes) return strange("too short");
    const std::string_view body = bytes.substr(0, bytes.size() - code_bytes);
    const Digest code = code_of(pairing, info, body);
    if (!equal_in_constant_time(as_text(code), bytes.substr(body.size()))) return strange("its code does not fit");
    if (!body.starts_with(mark))
        return fail(Fault::invalid_request, "The other node is of another version. Bring both to the same one.");
    return body.substr(mark.size());
}

std::unexpected<Error> of_another_version() {
    return fail(Fault::invalid_request, "The other node is of another version. Bring both to the same one.",
                "a message whose code fits and whose contents do not");
}

constexpr std::uint64_t posts = static_cast<std::uint64_t>(Post::retired) + 1;
constexpr std::uint64_t modes = static_cast<std::uint64_t>(Mode::asynchronous) + 1;
/// No patience is longer, and each is longer than its mandate.
constexpr std::uint64_t mandate_ms_max = patience_max.count();

}  // namespace

std::string write_pull(const Secret& pairing, const Pull& pull) {
    std::string body(pull_mark);
    for (const std::uint64_t number : {pull.epoch, pull.ask, pull.run, pull.beat, pull.has})
        append_number(body, number);
    append_number(body, (pull.whole ? 1U : 0U) | (pull.wants_to_take_over ? 2U : 0U) | (pull.cannot_open ? 4U : 0U));
    body += std::string_view(pull.version).substr(0, version_bytes_max);
    return with_code(pairing, pull_key, std::move(body));
}

Result<Pull> read_pull(const Secret& pairing, std::string_view bytes) {
    if (bytes.size() > pull_bytes_max)
        return fail(Fault::too_large, fmt::format("A pull has at most {} bytes.", pull_bytes_max));
    TRY(const std::string_view body, proven(pairing, pull_key, pull_mark, bytes));
    NumberCursor cursor{body};
    Pull pull;
    for (std::uint64_t* number : {&pull.epoch, &pull.ask, &pull.run, &pull.beat, &pull.has}) *number = cursor.number();
    const std::uint64_t flags = cursor.number();
    if (!cursor.good || cursor.rest.size() > version_bytes_max || flags > 7) return of_another_version();
    pull.whole = (flags & 1) != 0;
    pull.wants_to_take_over = (flags & 2) != 0;
    pull.cannot_open = (flags & 4) != 0;
    pull.version = cursor.rest;
    return pull;
}

std::string write_answer(const Secret& pairing, const Answer& answer, const std::vector<std::string>& groups) {
    ENSURE(groups.size() <= groups_per_answer_max);
    std::string body(answer_mark);
    for (const std::uint64_t number : {answer.epoch, answer.to, answer.run, answer.beat, answer.newest})
        append_number(body, number);
    append_number(body, static_cast<std::uint64_t>(answer.post));
    append_number(body, answer.handed_over ? 1 : 0);
    append_number(body, static_cast<std::uint64_t>(answer.mode));
    append_number(body, static_cast<std::uint64_t>(answer.mandate.count()));
    append_number(body, groups.size());
    for (const std::string& group : groups) {
        append_number(body, group.size());
        body += group;
    }
    return with_code(pairing, answer_key, std::move(body));
}

Result<ReadAnswer> read_answer(const Secret& pairing, std::string_view bytes) {
    if (bytes.size() > answer_bytes_max)
        return fail(Fault::too_large, fmt::format("An answer has at most {} bytes.", answer_bytes_max));
    TRY(const std::string_view body, proven(pairing, answer_key, answer_mark, bytes));
    NumberCursor cursor{body};
    ReadAnswer out;
    Answer& answer = out.answer;
    for (std::uint64_t* number : {&answer.epoch, &answer.to, &answer.run, &answer.beat, &answer.newest})
        *number = cursor.number();
    const std::uint64_t post = cursor.number();
    const std::uint64_t handed_over = cursor.number();
    const std::uint64_t mode = cursor.number();
    const std::uint64_t mandate_ms = cursor.number();
    const std::uint64_t count = cursor.number();
    const bool known = post < posts && handed_over <= 1 && mode < modes;
    if (!cursor.good || !known || mandate_ms > mandate_ms_max || count > groups_per_answer_max)
        return of_another_version();
    answer.post = static_cast<Post>(post);
    answer.handed_over = handed_over == 1;
    answer.mode = static_cast<Mode>(mode);
    answer.mandate = std::chrono::milliseconds(mandate_ms);
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t size = cursor.number();
        if (!cursor.good || size > cursor.rest.size()) return of_another_version();
        out.groups.emplace_back(cursor.rest.substr(0, size));
        cursor.rest.remove_prefix(size);
    }
    if (!cursor.rest.empty()) return of_another_version();
    return out;
}

std::string write_base_ask(const Secret& pairing, const BaseAsk& ask) {
    std::string body(base_ask_mark);
    append_number(body, ask.run);
    append_number(body, static_cast<std::uint64_t>(ask.part));
    append_number(body, ask.first);
    append_number(body, ask.count);
    body += ask.codes;
    return with_code(pairing, base_ask_key, std::move(body));
}

Result<BaseAsk> read_base_ask(const Secret& pairing, std::string_view bytes) {
    TRY(const std::string_view body, proven(pairing, base_ask_key, base_ask_mark, bytes));
    NumberCursor cursor{body};
    BaseAsk ask{.run = cursor.number()};
    const std::uint64_t part = cursor.number();
    const std::uint64_t first = cursor.number();
    const std::uint64_t count = cursor.number();
    const std::string_view codes = cursor.rest;
    if (!cursor.good || part > static_cast<std::uint64_t>(Part::secrets_database) || first == 0 || first > UINT32_MAX ||
        count == 0 || count > base_pages_max || codes.size() % store::raw_code_bytes != 0 ||
        codes.size() / store::raw_code_bytes > count)
        return of_another_version();
    ask.part = static_cast<Part>(part);
    ask.first = static_cast<std::uint32_t>(first);
    ask.count = static_cast<std::uint32_t>(count);
    ask.codes = codes;
    return ask;
}

std::string write_base_pages(const Secret& pairing, const BasePages& pages) {
    ENSURE(pages.bytes.size() == pages.numbers.size() * store::raw_page_bytes);
    std::string body(base_pages_mark);
    append_number(body, pages.run);
    append_number(body, static_cast<std::uint64_t>(pages.part));
    append_number(body, pages.first);
    append_number(body, pages.file_pages);
    append_number(body, pages.newest);
    append_number(body, pages.numbers.size());
    for (const std::uint32_t number : pages.numbers) append_number(body, number);
    body += pages.bytes;
    return with_code(pairing, base_pages_key, std::move(body));
}

Result<BasePages> read_base_pages(const Secret& pairing, std::string_view bytes) {
    if (bytes.size() > answer_bytes_max)
        return fail(Fault::too_large, fmt::format("An answer has at most {} bytes.", answer_bytes_max));
    TRY(const std::string_view body, proven(pairing, base_pages_key, base_pages_mark, bytes));
    NumberCursor cursor{body};
    BasePages pages{.run = cursor.number()};
    const std::uint64_t part = cursor.number();
    const std::uint64_t first = cursor.number();
    const std::uint64_t file_pages = cursor.number();
    pages.newest = cursor.number();
    const std::uint64_t count = cursor.number();
    if (!cursor.good || part > static_cast<std::uint64_t>(Part::secrets_database) || first > UINT32_MAX ||
        file_pages > UINT32_MAX || count > base_pages_max)
        return of_another_version();
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t number = cursor.number();
        if (number < first || number >= first + base_pages_max) return of_another_version();
        pages.numbers.push_back(static_cast<std::uint32_t>(number));
    }
    if (!cursor.good || cursor.rest.size() != count * store::raw_page_bytes) return of_another_version();
    pages.part = static_cast<Part>(part);
    pages.first = static_cast<std::uint32_t>(first);
    pages.file_pages = static_cast<std::uint32_t>(file_pages);
    pages.bytes = cursor.rest;
    return pages;
}

}  // namespace bursar::standby
