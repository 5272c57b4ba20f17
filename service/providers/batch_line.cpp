#include "service/providers/batch_line.h"

#include "service/providers/body_reading.h"
#include "service/providers/fields.h"
#include "service/providers/json_walk.h"
#include "service/providers/padded.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

constexpr std::array batched = {Endpoint::chat_completions, Endpoint::responses, Endpoint::embeddings};
constexpr std::string_view version = "/v1";
constexpr std::size_t file_id_bytes_max = 256;
constexpr std::size_t field_bytes_shown = 100;

std::unexpected<Error> twice(std::string_view field) {
    return fail(Fault::invalid_request, fmt::format("`{}` stands twice. Send it once.", field));
}

Result<std::string> text_in(std::string_view field, ondemand::value value, std::size_t bytes_max) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS || text.empty() || text.size() > bytes_max)
        return wrong(field, fmt::format("a text of 1 to {} bytes", bytes_max));
    return std::string(text);
}

/// The thread's own parser, which gives back the memory that a long line took.
class Parser {
  public:
    Parser() = default;
    ~Parser() {
        if (kept().capacity() > kept_bytes_max) kept() = ondemand::parser();
    }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    static ondemand::parser& kept() {
        thread_local ondemand::parser parser;
        return parser;
    }

  private:
    static constexpr std::size_t kept_bytes_max = std::size_t{1} << 20;
};

/// Calls `visit(name, value)` for each member of the one object that `padded` is.
template <typename Visit>
Result<void> each_field(std::string_view padded, Visit visit) {
    const Parser mine;
    ondemand::parser& parser = Parser::kept();
    ondemand::document document;
    if (const auto error = parser.iterate(padded.data(), padded.size(), padded.size() + padding_bytes).get(document))
        return not_json(error);
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) return not_json(error);
    for (auto entry : object) {
        ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return not_json(error);
        std::string_view name;
        if (const auto error = field.unescaped_key().get(name)) return not_json(error);
        // The name lies in the parser's memory, which the value's text may take.
        const std::string kept(name);
        TRY_VOID(visit(std::string_view(kept), field.value()));
    }
    const char* rest = nullptr;
    if (document.current_location().get(rest) == simdjson::SUCCESS)
        return fail(Fault::invalid_request, "Something follows the JSON object. Send one object and nothing else.");
    return {};
}

class LineReader {
  public:
    explicit LineReader(std::string_view padded) : padded_(padded) {}
    Result<BatchLine> read();

  private:
    enum class Field : std::uint8_t { custom_id, method, url, body };
    static constexpr std::array<std::string_view, 4> names = {"custom_id", "method", "url", "body"};
    Result<void> take(std::string_view name, ondemand::value value);

    std::string_view padded_;
    BatchLine line_;
    std::array<bool, names.size()> seen_{};
};

Result<void> LineReader::take(std::string_view name, ondemand::value value) {
    const auto* const found = std::ranges::find(names, name);
    if (found == names.end())
        return fail(Fault::invalid_request,
                    "A line of a batch has `custom_id`, `method`, `url` and `body`, and nothing else.");
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (std::exchange(seen_[index], true)) return twice(name);
    switch (static_cast<Field>(index)) {
        case Field::custom_id: {
            TRY(line_.custom_id, text_in(name, value, custom_id_bytes_max));
            return {};
        }
        case Field::method:
            return text_of(value) == "POST" ? Result<void>{} : wrong(name, "\"POST\"");
        case Field::url: {
            TRY(line_.endpoint, batched_endpoint(text_of(value)));
            return {};
        }
        case Field::body: {
            ondemand::object object;
            if (value.get_object().get(object) != simdjson::SUCCESS) return wrong(name, "an object: the call's body");
            std::string_view text;
            if (const auto error = object.raw_json().get(text)) return not_json(error);
            text = trimmed(text);
            const auto begin = static_cast<std::size_t>(text.data() - padded_.data());
            line_.body = {begin, begin + text.size()};
            return {};
        }
    }
    return {};
}

Result<BatchLine> LineReader::read() {
    TRY_VOID(each_field(padded_, [&](std::string_view name, ondemand::value value) { return take(name, value); }));
    for (std::size_t i = 0; i < names.size(); ++i)
        if (!seen_[i]) return fail(Fault::invalid_request, fmt::format("`{}` is missing.", names[i]));
    return std::move(line_);
}

}  // namespace

Result<Endpoint> batched_endpoint(std::string_view url) {
    for (const Endpoint endpoint : batched)
        if (url.starts_with(version) && url.substr(version.size()) == facts(endpoint).suffix) return endpoint;
    return fail(Fault::invalid_request,
                "A batch is made of calls to one of /v1/chat/completions, /v1/responses and /v1/embeddings. Send other "
                "calls one by one.");
}

Result<BatchLine> read_batch_line(std::string_view line) {
    LineReader reader(padded_copy(line));
    TRY(BatchLine out, reader.read());
    TRY(out.prompt, read_prompt(out.endpoint, line.substr(out.body.begin, out.body.end - out.body.begin)));
    return out;
}

Result<void> check_expiry(std::string_view field, std::string_view anchor, std::int64_t seconds) {
    if (anchor != "created_at") return wrong(fmt::format("{}.anchor", field), "\"created_at\"");
    if (seconds >= expiry_least.count()) return {};
    return fail(Fault::invalid_request,
                fmt::format("`{}.seconds` must be at least {}: what a batch cost is read from its files. Delete them "
                            "when you have read them.",
                            field, expiry_least.count()));
}

namespace {

/// What is sent to the provider as it is, so all of it is understood or refused.
class AskReader {
  public:
    Result<BatchAsk> read(std::string_view body);

  private:
    enum class Field : std::uint8_t { input_file_id, endpoint, completion_window, metadata, output_expires_after };
    static constexpr std::array<std::string_view, 5> names = {"input_file_id", "endpoint", "completion_window",
                                                              "metadata", "output_expires_after"};
    Result<void> take(std::string_view name, ondemand::value value);
    static Result<void> take_expiry(std::string_view name, ondemand::value value);
    bool seen(Field field) const { return seen_[static_cast<std::size_t>(field)]; }

    BatchAsk ask_;
    std::array<bool, names.size()> seen_{};
};

Result<void> AskReader::take(std::string_view name, ondemand::value value) {
    const auto* const found = std::ranges::find(names, name);
    if (found == names.end())
        return fail(Fault::invalid_request,
                    fmt::format("`{}` is no field of a batch here. A batch has {}, and nothing else.",
                                name.substr(0, field_bytes_shown), fmt::join(names, ", ")));
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (std::exchange(seen_[index], true)) return twice(name);
    switch (static_cast<Field>(index)) {
        case Field::input_file_id: {
            TRY(ask_.input_file, text_in(name, value, file_id_bytes_max));
            return {};
        }
        case Field::endpoint: {
            TRY(ask_.endpoint, batched_endpoint(text_of(value)));
            return {};
        }
        case Field::completion_window:
            return text_of(value) == "24h" ? Result<void>{} : wrong(name, "\"24h\"");
        case Field::metadata: {
            ondemand::object object;
            if (is_null(value) || value.get_object().get(object) == simdjson::SUCCESS) return {};
            return wrong(name, "an object of texts");
        }
        case Field::output_expires_after:
            return take_expiry(name, value);
    }
    return {};
}

/// Results that are gone before they were read would leave the batch at its worst.
Result<void> AskReader::take_expiry(std::string_view name, ondemand::value value) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return wrong(name, "an object: `anchor` and `seconds`");
    std::string anchor;
    std::int64_t seconds = 0;
    int members = 0;
    bool known = true;
    const auto visit = [&](std::string_view key, ondemand::value member) -> error_code {
        ++members;
        if (key == "anchor")
            anchor = text_of(member);
        else if (key != "seconds" || member.get_int64().get(seconds) != simdjson::SUCCESS)
            known = false;
        return simdjson::SUCCESS;
    };
    if (const auto error = each_member(object, visit)) return not_json(error);
    if (!known || members > 2) return wrong(name, "an object: `anchor` and `seconds`, a whole number");
    return check_expiry(name, anchor, seconds);
}

Result<BatchAsk> AskReader::read(std::string_view body) {
    TRY_VOID(
        each_field(padded_copy(body), [&](std::string_view name, ondemand::value value) { return take(name, value); }));
    if (!seen(Field::input_file_id))
        return fail(Fault::invalid_request, "`input_file_id` is missing: the file that holds the calls.");
    if (!seen(Field::endpoint))
        return fail(Fault::invalid_request, "`endpoint` is missing, such as \"/v1/chat/completions\".");
    if (!seen(Field::completion_window))
        return fail(Fault::invalid_request, "`completion_window` is missing: \"24h\".");
    return std::move(ask_);
}

}  // namespace

Result<BatchAsk> read_batch_ask(std::string_view body) { return AskReader().read(body); }

}  // namespace bursar::providers
