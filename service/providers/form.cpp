#include "service/providers/form.h"

#include "service/edge/http.h"
#include "service/providers/body_reading.h"
#include "service/providers/fields.h"
#include "service/providers/unit_prompt.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace bursar::providers {
namespace {

constexpr std::size_t boundary_bytes_max = 70;
constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t setting_bytes_max = 256;
/// An image that is edited is seen by the model at most as dear as one of a conversation (input_walk.cpp).
constexpr Tokens image_tokens_max = 10'000;
/// No codec that providers take is below 4 kbit/s, and no price list has more than 32 tokens for a second.
constexpr std::int64_t sound_bytes_per_second = 500;
constexpr std::int64_t sound_bytes_per_token = 12;

std::unexpected<Error> broken(std::string_view what) {
    return fail(Fault::invalid_request, fmt::format("The form in the body cannot be read: {}.", what));
}

std::string_view trimmed_text(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// RFC 2046 §5.1.1, without the characters that only a quoted one could have and no client sends.
bool is_boundary(std::string_view text) {
    constexpr std::string_view marks = "'()+_,-./:=?";
    const auto fits = [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
    };
    return !text.empty() && text.size() <= boundary_bytes_max && std::ranges::all_of(text, fits);
}

Result<std::string_view> boundary_of(std::string_view content_type) {
    constexpr std::string_view wanted = "multipart/form-data";
    constexpr std::string_view parameter = "boundary=";
    std::string_view boundary;
    const std::string_view type = trimmed_text(content_type.substr(0, content_type.find(';')));
    if (!edge::equal_without_case(type, wanted))
        return fail(Fault::invalid_request, "This endpoint takes a form: send multipart/form-data, as the SDKs do.");
    while (true) {
        const std::size_t semicolon = content_type.find(';');
        if (semicolon == std::string_view::npos) break;
        content_type.remove_prefix(semicolon + 1);
        const std::string_view one = trimmed_text(content_type.substr(0, content_type.find(';')));
        if (one.size() < parameter.size() || !edge::equal_without_case(one.substr(0, parameter.size()), parameter))
            return broken("its type says more than its boundary, which some servers would read as another one");
        if (!boundary.empty()) return broken("its type has two boundaries");
        boundary = one.substr(parameter.size());
        if (boundary.size() >= 2 && boundary.front() == '"' && boundary.back() == '"')
            boundary = boundary.substr(1, boundary.size() - 2);
        if (!is_boundary(boundary)) return broken("its boundary is not 1 to 70 letters, digits or marks");
    }
    if (boundary.empty()) return broken("its type names no boundary");
    return boundary;
}

bool is_plain(std::string_view text, std::string_view marks) {
    return std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
    });
}

/// `name="value"` of a Content-Disposition, or without the quotes where that is clear, as .NET writes it. A quote
/// within is %22, as browsers write it; one behind a backslash would be read in two ways. Whatever has a file's name in
/// either form is a file; other attributes (RFC 2231: `name*`, `name*0`) are another name to some servers.
Result<void> read_attribute(std::string_view one, FormPart& part, bool& named) {
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) return broken("a part is not described as form-data");
    const std::string_view key = trimmed_text(one.substr(0, equals));
    std::string_view value = trimmed_text(one.substr(equals + 1));
    if (edge::equal_without_case(key, "filename*")) {
        part.file = true;
        return {};
    }
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    if (quoted) value = value.substr(1, value.size() - 2);
    if (!quoted && !is_plain(value, "-._")) return broken("a part's name is not in quotes");
    if (value.contains('"') || value.contains('\\')) return broken("a part's name has a quote or a backslash in it");
    if (edge::equal_without_case(key, "filename")) {
        part.file = true;
        part.file_name = value;
        return {};
    }
    if (!edge::equal_without_case(key, "name")) return broken("a part is described by more than `name` and `filename`");
    if (std::exchange(named, true)) return broken("a part has two names");
    if (value.empty() || value.size() > name_bytes_max || !is_plain(value, "-._[]"))
        return broken(fmt::format("a part's name is not 1 to {} letters, digits or . _ - [ ]", name_bytes_max));
    part.name = value;
    return {};
}

/// The value's own semicolons are in quotes.
std::string_view take_attribute(std::string_view& rest) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size() && (quoted || rest[end] != ';'); ++end)
        if (rest[end] == '"') quoted = !quoted;
    const std::string_view one = trimmed_text(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return one;
}

Result<FormPart> read_head(std::string_view head) {
    FormPart part;
    bool named = false;
    bool described = false;
    while (!head.empty()) {
        const std::size_t end = std::min(head.find("\r\n"), head.size());
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(std::min(end + 2, head.size()));
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || line.find_first_of("\r\n") != std::string_view::npos)
            return broken("a part has a line in its head that is none");
        const std::string_view field = line.substr(0, colon);
        // One that begins with a blank goes on with the line before it, for some.
        if (field.empty() || !is_plain(field, "-_")) return broken("a part has a line in its head that is none");
        if (edge::equal_without_case(field, "content-transfer-encoding"))
            return broken("a part is encoded; send it as it is");
        if (!edge::equal_without_case(field, "content-disposition")) continue;
        if (std::exchange(described, true)) return broken("a part is described twice");
        std::string_view rest = line.substr(colon + 1);
        if (!edge::equal_without_case(take_attribute(rest), "form-data"))
            return broken("a part is not described as form-data");
        while (!rest.empty()) TRY_VOID(read_attribute(take_attribute(rest), part, named));
    }
    if (!named) return broken("a part has no name");
    return part;
}

/// What a form's settings say, apart from what is counted by its files.
class FormReader {
  public:
    FormReader(Endpoint endpoint, std::string_view body) : endpoint_(endpoint), body_(body) { prompt_.form = true; }

    Result<void> take(const FormPart& part);
    Result<Prompt> finished();

  private:
    struct Setting {
        std::string_view name;
        std::optional<std::string_view> value;
    };
    Result<void> take_file(const FormPart& part);
    Result<void> check_name(const FormPart& part) const;

    Endpoint endpoint_;
    std::string_view body_;
    Prompt prompt_;
    std::array<Setting, 6> settings_ = {
        {{"model", {}}, {"n", {}}, {"size", {}}, {"quality", {}}, {"stream", {}}, {"response_format", {}}}};
    std::string_view value_of(std::string_view name) const {
        return std::ranges::find(settings_, name, &Setting::name)->value.value_or("");
    }
    bool hears() const { return facts(endpoint_).metered == Metered::transcript; }
    std::int64_t files_ = 0;
};

/// Names of files, and of addresses in their place: what stands elsewhere could not be held for.
constexpr std::array<std::string_view, 10> file_names = {"file",   "url",     "file_url", "file_id",   "image",
                                                         "images", "image[]", "mask",     "image_url", "audio"};

Result<void> FormReader::check_name(const FormPart& part) const {
    for (const Setting& setting : settings_)
        if (part.name != setting.name && is_meant(setting.name, part.name)) return in_lower_case(setting.name);
    for (const std::string_view name : file_names) {
        if (!is_meant(name, part.name)) continue;
        if (part.name != name) return in_lower_case(name);
        if (!part.file)
            return fail(Fault::invalid_request,
                        fmt::format("`{}` must be a file in the form: what it costs could not be held otherwise. Send "
                                    "the file itself.",
                                    part.name));
    }
    return {};
}

Result<void> FormReader::take(const FormPart& part) {
    TRY_VOID(check_name(part));
    const std::string_view value = body_.substr(part.value.begin, part.value.end - part.value.begin);
    const auto setting = std::ranges::find(settings_, part.name, &Setting::name);
    if (part.file) {
        if (setting != settings_.end()) return broken(fmt::format("`{}` is a file", part.name));
        return take_file(part);
    }
    prompt_.input_at_most += static_cast<Tokens>(value.size());
    if (setting == settings_.end()) return {};
    if (setting->value)
        return fail(Fault::invalid_request, fmt::format("`{}` stands twice in the form. Send it once.", part.name));
    if (value.size() > setting_bytes_max)
        return fail(Fault::invalid_request,
                    fmt::format("`{}` must be at most {} bytes long.", part.name, setting_bytes_max));
    setting->value = value;
    if (part.name == "model") prompt_.model_at = part.value;
    return {};
}

Result<void> FormReader::take_file(const FormPart& part) {
    const auto bytes = static_cast<std::int64_t>(part.value.end - part.value.begin);
    ++files_;
    if (!hears()) {
        prompt_.input_at_most += image_tokens_max;
        prompt_.pictures = true;
        return {};
    }
    prompt_.seconds_max += bytes / sound_bytes_per_second + 1;
    prompt_.input_at_most += bytes / sound_bytes_per_token + 1;
    return {};
}

Result<Prompt> FormReader::finished() {
    prompt_.model = value_of("model");
    if (prompt_.model.empty())
        return fail(Fault::invalid_request, "`model` is missing. Name a model; GET /v1/models lists them.");
    if (hears() && files_ != 1)
        return fail(Fault::invalid_request, "`file` is missing, or there are several. Send one recording as a file.");
    if (const std::string_view n = value_of("n"); !n.empty() && !hears()) {
        const auto [end, error] = std::from_chars(n.data(), n.data() + n.size(), prompt_.choices);
        const bool whole = error == std::errc{} && end == n.data() + n.size();
        if (!whole || prompt_.choices < 1 || prompt_.choices > pictures_made_max)
            return fail(Fault::invalid_request,
                        fmt::format("`n` must be a whole number from 1 to {}.", pictures_made_max));
    }
    if (const std::string_view stream = value_of("stream"); !stream.empty() && stream != "false" && stream != "0")
        return fail(Fault::invalid_request,
                    "`stream`: this answer is not streamed here, because a part of it could not be metered. Leave it "
                    "out.");
    prompt_.picture = picture_of(value_of("quality"), value_of("size"));
    const std::string_view format = value_of("response_format");
    if (hears() && !format.empty() && !format.ends_with("json")) prompt_.untold = format;
    return std::move(prompt_);
}

}  // namespace

Result<std::vector<FormPart>> read_form(std::string_view content_type, std::string_view body) {
    TRY(const std::string_view boundary, boundary_of(content_type));
    const std::string mark = fmt::format("\r\n--{}", boundary);
    // The first boundary has no line before it.
    if (!body.starts_with(std::string_view(mark).substr(2))) return broken("it does not begin with its boundary");
    std::vector<FormPart> parts;
    for (std::size_t at = mark.size() - 2;;) {
        const std::string_view rest = body.substr(at);
        if (rest.starts_with("--")) {
            if (rest != "--" && rest != "--\r\n") return broken("something follows its last boundary");
            return parts;
        }
        if (!rest.starts_with("\r\n")) return broken("a boundary does not end its line");
        if (parts.size() == form_parts_max) return broken(fmt::format("it has more than {} parts", form_parts_max));
        const std::size_t head_end = rest.substr(0, form_part_head_bytes_max).find("\r\n\r\n", 2);
        if (head_end == std::string_view::npos) return broken("a part's head has no end, or is too long");
        TRY(FormPart part, read_head(rest.substr(2, head_end - 2)));
        const std::size_t begin = at + head_end + 4;
        // An empty value stands right before its boundary's line.
        const std::size_t end = body.find(mark, begin);
        if (end == std::string_view::npos) return broken("it has no last boundary");
        // A reader that takes a bare line feed for the end of a line would cut there.
        if (body.substr(begin, end - begin).contains(std::string_view(mark).substr(2)))
            return broken("its boundary stands within a part");
        part.value = {begin, end};
        parts.push_back(part);
        at = end + mark.size();
    }
}

Result<Prompt> read_form_prompt(Endpoint endpoint, std::string_view content_type, std::string_view body) {
    TRY(const auto parts, read_form(content_type, body));
    FormReader reader(endpoint, body);
    for (const FormPart& part : parts) TRY_VOID(reader.take(part));
    return reader.finished();
}

}  // namespace bursar::providers
