#include "service/gateway/batch_file.h"

#include "service/gateway/outgoing.h"
#include "service/providers/batch_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

/// A shard that has read so much lets others have their turn.
constexpr std::size_t turn_bytes = std::size_t{128} << 10;
constexpr std::size_t setting_bytes_max = 256;
constexpr std::size_t file_name_bytes_max = 200;
/// Of the form, besides the file.
constexpr std::array<std::string_view, 3> settings = {"purpose", "expires_after[anchor]", "expires_after[seconds]"};
constexpr Tokens bytes_per_token_least = 2;

std::unexpected<Error> refused(std::string_view why) { return fail(Fault::invalid_request, std::string(why)); }

/// What a line may not ask for, though a call may: nobody could bound or bill it here.
Result<void> check_prompt(const providers::Prompt& prompt) {
    if (prompt.stream) return refused("`stream`: answers of a batch are not streamed. Leave it out.");
    const std::string& tier = prompt.service_tier;
    if (!tier.empty() && tier != "auto" && tier != "default")
        return refused("`service_tier`: a batch is a tier of its own. Leave it out.");
    if (prompt.web_search) return refused("A call of a batch may not search the web. Send it by itself.");
    if (prompt.input_elsewhere || prompt.item_reference || !prompt.previous_response.empty())
        return refused(
            "A call of a batch may use no stored conversation, no file and no tool that the provider runs. Send all of "
            "its input in its body, or send it by itself.");
    return {};
}

bool is_plain_name(std::string_view name) {
    return !name.empty() && name.size() <= file_name_bytes_max &&
           std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

}  // namespace

Result<Upload> read_upload(std::string_view content_type, std::string_view body) {
    TRY(const auto parts, providers::read_form(content_type, body));
    Upload upload;
    std::array<std::string_view, settings.size()> said;
    bool has_file = false;
    for (const providers::FormPart& part : parts) {
        const std::string_view value = body.substr(part.value.begin, part.value.end - part.value.begin);
        if (part.file) {
            if (part.name != "file" || has_file)
                return refused("The form has several files, or one under another name. Send one, as `file`.");
            has_file = true;
            upload.file = value;
            upload.file_name = is_plain_name(part.file_name) ? part.file_name : std::string_view("batch.jsonl");
            continue;
        }
        if (value.size() > setting_bytes_max || value.find_first_of("\r\n") != std::string_view::npos)
            return refused(fmt::format("`{}` must be one line of at most {} bytes.", part.name, setting_bytes_max));
        const auto same = [&](const providers::FormPart& other) { return other.name == part.name; };
        if (std::ranges::any_of(upload.settings, same)) return refused(fmt::format("`{}` stands twice.", part.name));
        const auto* const known = std::ranges::find(settings, part.name);
        if (known == settings.end())
            return refused(fmt::format("`{}` is no field of an upload here. Send `purpose` and `file`.",
                                       part.name.substr(0, setting_bytes_max)));
        said[static_cast<std::size_t>(known - settings.begin())] = value;
        upload.settings.push_back(part);
    }
    const auto& [purpose, anchor, seconds] = said;
    if (!has_file) return refused("`file` is missing: the lines of a batch, as a file.");
    if (purpose != "batch")
        return refused(
            "Only files of the purpose \"batch\" are taken here. Send other files in the calls that use them.");
    if (!anchor.empty() || !seconds.empty()) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), number);
        if (error != std::errc{} || end != seconds.data() + seconds.size())
            return refused("`expires_after[seconds]` must be a whole number.");
        TRY_VOID(providers::check_expiry("expires_after", anchor, number));
    }
    return upload;
}

std::string write_upload(const Upload& upload, std::string_view body, std::string_view lines,
                         std::string_view boundary) {
    std::string out;
    out.reserve(lines.size() + 1024);
    for (const providers::FormPart& part : upload.settings)
        out += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary, part.name,
                           body.substr(part.value.begin, part.value.end - part.value.begin));
    out += fmt::format(
        "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: "
        "application/jsonl\r\n\r\n",
        boundary, upload.file_name);
    out.append(lines).append(fmt::format("\r\n--{}--\r\n", boundary));
    return out;
}

Result<bool> BatchFile::take_some() {
    std::size_t taken = 0;
    while (!rest_.empty() && taken < turn_bytes) {
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        taken += end + 1;
        ++number_;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) continue;
        auto done = take(line);
        if (done) continue;
        Error error = std::move(done).error();
        error.for_caller = fmt::format("Line {}: {}", number_, error.for_caller);
        return std::unexpected(std::move(error));
    }
    if (!rest_.empty()) return true;
    if (lines_.empty()) return refused("The file is empty. Send one call in each line.");
    return false;
}

Result<void> BatchFile::take(std::string_view line) {
    if (lines_.size() == shelf::lines_max)
        return refused(fmt::format("A batch has at most {} calls. Split the file.", shelf::lines_max));
    if (!line.starts_with('{')) return refused("It must begin with the brace of its JSON object.");
    TRY(const providers::BatchLine read, providers::read_batch_line(line));
    const providers::Prompt& prompt = read.prompt;
    if (lines_.empty()) {
        asked_model_ = prompt.model;
        endpoint_ = read.endpoint;
    }
    if (prompt.model != asked_model_)
        return refused(fmt::format("All calls of a batch are to one model; this one is to \"{}\", the first to \"{}\".",
                                   prompt.model, asked_model_));
    if (read.endpoint != endpoint_)
        return refused(
            fmt::format("All calls of a batch have one `url`; the first has /v1{}.", facts(endpoint_).suffix));
    TRY_VOID(check_prompt(prompt));
    const std::uint64_t name = shelf::name_of(read.custom_id);
    if (!names_.insert(name).second) return refused("Another line has the same `custom_id`. Give each its own.");
    TRY(const policies::Route route, admit(prompt, read.endpoint));
    if (lines_.empty()) {
        model_ = route.model;
        channel_ = route.channels.front();
    }
    rewrite(line, prompt, read.body, route.output_worst);
    lines_.push_back({.name = name, .input = route.bounds.input, .output = route.output_worst});
    return {};
}

Result<policies::Route> BatchFile::admit(const providers::Prompt& prompt, Endpoint endpoint) const {
    if (policies::is_virtual(rules_, prompt.model))
        return refused(
            fmt::format("The model \"{}\" is chosen anew for each call. Name one model for a batch.", prompt.model));
    return policies::admit(rules_, caller_,
                           {.endpoint = endpoint,
                            .dialect = Dialect::openai,
                            .model = prompt.model,
                            .max_tokens = prompt.max_tokens,
                            .input_at_most = prompt.input_at_most,
                            .choices = prompt.choices,
                            .service_tier = {},
                            .tool_unpriced = prompt.tool_unpriced,
                            .output_min = prompt.output_min,
                            .input_estimated = prompt.input_at_most / bytes_per_token_least + 1,
                            .tools = prompt.tools,
                            .pictures = prompt.pictures,
                            .needs = prompt.needs,
                            .tags = {},
                            .batch = true},
                           at_);
}

/// As a call's body is (forward.cpp): the model's name, and a limit where there is none or a higher one.
void BatchFile::rewrite(std::string_view line, const providers::Prompt& prompt, providers::Span body,
                        Tokens output_worst) {
    providers::Rewrite change;
    if (channel_->model != prompt.model) change.model = channel_->model;
    if (output_worst > 0) {
        const Tokens each = output_worst / std::max<std::int64_t>(1, prompt.choices);
        if (prompt.max_tokens_at.empty() || !prompt.max_tokens || each < *prompt.max_tokens) change.max_tokens = each;
        if (endpoint_ == Endpoint::chat_completions) change.max_tokens_name = max_tokens_name(*channel_->provider);
    }
    const std::string_view text = line.substr(body.begin, body.end - body.begin);
    rewritten_.append(line.substr(0, body.begin));
    const providers::Pieces pieces = providers::splice(text, prompt, change);
    for (const std::string_view piece : pieces.views()) rewritten_.append(piece);
    rewritten_.append(line.substr(body.end)).append(1, '\n');
}

}  // namespace bursar::gateway
