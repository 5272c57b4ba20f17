#include "service/providers/translate/gemini_config.h"

#include "service/providers/translate/gemini_names.h"
#include "service/providers/translate/reading.h"

#include <algorithm>
#include <array>

namespace bursar::providers::translate {
namespace {

/// From here on hardly a word is cut off; Google's own clients send 40 and 64 without being asked.
constexpr std::int64_t top_k_harmless = 40;

using Handler = Result<void> (*)(dom::element, const Where&, Ask&);
struct Field {
    std::string_view name;
    Handler read;
};

Result<void> hint(dom::element, const Where&, Ask&) { return {}; }

Result<void> only_google(dom::element value, const Where& where, Ask&) {
    double number = 1;
    bool truth = true;
    const bool nothing = (value.get_double().get(number) == simdjson::SUCCESS && number == 0) ||
                         (value.get_bool().get(truth) == simdjson::SUCCESS && !truth);
    return nothing ? Result<void>()
                   : no_form(where, "has no form there. Leave it out, or ask for a model of Google's.");
}

Result<void> candidates(dom::element value, const Where& where, Ask&) {
    std::int64_t number = 0;
    if (value.get_int64().get(number) == simdjson::SUCCESS && number == 1) return {};
    return no_form(where, "can only be 1 there: this model gives one answer to a call.");
}

Result<void> modalities(dom::element value, const Where& where, Ask&) {
    std::vector<std::string_view> words;
    TRY_VOID(read_texts(value, where, words));
    if (std::ranges::all_of(words, [](std::string_view word) { return word == "TEXT" || word == "text"; })) return {};
    return no_form(where, "can only be TEXT there.");
}

Result<void> top_k(dom::element value, const Where& where, Ask& ask) {
    std::optional<double> number;
    TRY_VOID(read_number(value, where, number));
    if (*number < 0 || *number > 1e6) return wrong(where, "a number from 0 to 1000000");
    const auto whole = static_cast<std::int64_t>(*number);
    if (whole < top_k_harmless) ask.top_k = whole;
    return {};
}

Result<void> mime_type(dom::element value, const Where& where, Ask& ask) {
    const auto type = as_text(value).value_or("");
    if (type == "text/plain") return {};
    if (type != "application/json") return no_form(where, "can only be text/plain or application/json there.");
    if (ask.format.kind == Format::Kind::free) ask.format.kind = Format::Kind::json;
    return {};
}

/// responseSchema and responseJsonSchema.
Result<void> schema(dom::element value, const Where& where, Ask& ask) {
    std::string text = json_schema_of(value, Objects::closed);
    dom::element written;
    const bool object = text.starts_with('{') && parse(Desk::inner, text).get(written) == simdjson::SUCCESS;
    if (!object) return wrong(where, "a schema: an object");
    const bool closed = is_closed(written);
    ask.format = {.kind = Format::Kind::schema, .schema = ask.keep(std::move(text)), .closed = closed};
    return {};
}

/// A budget is as much as a word: what a model of today takes.
std::string_view word_of(std::int64_t budget) {
    if (budget < 0) return "medium";  // as the model likes
    if (budget == 0) return "none";
    if (budget < 1024) return "minimal";
    if (budget < 4096) return "low";
    return budget < 16384 ? "medium" : "high";
}

Result<void> thinking(dom::element value, const Where& where, Ask& ask) {
    static constexpr std::array<std::string_view, 5> words = {"minimal", "low", "medium", "high", "xhigh"};
    static constexpr std::array<std::string_view, 5> levels = {"MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"};
    const auto config = as_object(value);
    if (!config) return wrong(where, "an object");
    if (const auto budget = google_member(*config, "thinkingBudget")) {
        std::int64_t number = 0;
        if (budget->get_int64().get(number) != simdjson::SUCCESS)
            return wrong(where, "one with a whole thinkingBudget");
        ask.effort = word_of(number);
    }
    const auto level = google_text(*config, "thinkingLevel");
    for (std::size_t i = 0; i < words.size(); ++i)
        if (level == words[i] || level == levels[i]) ask.effort = words[i];
    return {};
}

Result<void> max_tokens(dom::element value, const Where& where, Ask& ask) {
    return read_count(value, where, ask.max_tokens);
}
Result<void> temperature(dom::element value, const Where& where, Ask& ask) {
    return read_number(value, where, ask.temperature);
}
Result<void> top_p(dom::element value, const Where& where, Ask& ask) { return read_number(value, where, ask.top_p); }
Result<void> stop(dom::element value, const Where& where, Ask& ask) { return read_texts(value, where, ask.stop); }

constexpr std::array fields = {Field{"stopSequences", stop},
                               Field{"maxOutputTokens", max_tokens},
                               Field{"temperature", temperature},
                               Field{"topP", top_p},
                               Field{"topK", top_k},
                               Field{"candidateCount", candidates},
                               Field{"responseMimeType", mime_type},
                               Field{"responseSchema", schema},
                               Field{"responseJsonSchema", schema},
                               Field{"responseModalities", modalities},
                               Field{"thinkingConfig", thinking},
                               Field{"seed", hint},
                               Field{"mediaResolution", hint},
                               Field{"enableEnhancedCivicAnswers", hint}};

}  // namespace

Result<void> read_generation_config(dom::object config, const Where& where, Ask& ask) {
    for (const auto entry : config) {
        if (entry.value.is_null()) continue;
        const Where here = where.at(entry.key);
        const auto* field =
            std::ranges::find_if(fields, [&](const Field& one) { return is_named(entry.key, one.name); });
        TRY_VOID((field == fields.end() ? only_google : field->read)(entry.value, here, ask));
    }
    return {};
}

Result<void> read_tool_config(dom::object config, const Where& where, Ask& ask) {
    const auto calling = google_object(config, "functionCallingConfig");
    if (!calling) return {};
    const Where here = where.at("functionCallingConfig");
    const auto mode = google_text(*calling, "mode");
    std::vector<std::string_view> names;
    if (const auto allowed = google_member(*calling, "allowedFunctionNames"))
        TRY_VOID(read_texts(*allowed, here.at("allowedFunctionNames"), names));
    if (names.size() > 1) return no_form(here.at("allowedFunctionNames"), "can only name one function there.");
    if (mode == "ANY") ask.choice = names.empty() ? Choice::required : Choice::named;
    if (mode == "NONE") ask.choice = Choice::none;
    if (mode == "AUTO" || mode == "VALIDATED") ask.choice = Choice::automatic;
    if (!names.empty() && mode != "ANY") return no_form(here, "can allow a function there only in the mode ANY.");
    if (ask.choice == Choice::named) ask.choice_name = names.front();
    return {};
}

}  // namespace bursar::providers::translate
