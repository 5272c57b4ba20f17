#include "service/demo/options.h"

#include <charconv>
#include <functional>
#include <map>

#include <fmt/format.h>

namespace bursar::demo {
namespace {

constexpr std::string_view help =
    R"(bursar-demo-provider: a model provider for first steps, tests and the bench. Speaks OpenAI and Anthropic; one word is one token.

  bursar-demo-provider [options]                serves until SIGTERM

  --address A --port N                          where it listens (127.0.0.1, 0: any free port)
  --port-file FILE                              the port is written here once it listens
  --certificate FILE --private-key FILE         TLS
  --key-file FILE                               wants exactly this credential, as Bearer or x-api-key
  --bill FILE                                   one JSON line per answer: what it costs
  --log FILE [--log-bodies]                     one JSON line per request, credentials left out
  --price-input USD --price-output USD          per million tokens (2.50, 10.00)
  --price-cache-read USD                        per million tokens (0.25)
  --shards N                                    threads (1)
  --bench [--answer-bytes N] [--delay-ms N] [--events N] [--event-ms N] [--event-bytes N]
                                                fixed answers, no bill, no log
  --help  --version

The last text of the user may steer the answer: "Say hello [[demo tokens=50 delay_ms=10]]"
  tokens=N           N words                     reasoning=N        N words of thought first
  first_ms=N         wait before the answer      delay_ms=N         wait before each event
  tool  tool=N       call the caller's tool      status=N           refuse with this HTTP status
  cut=N              close after N events        error_after=N      an error event after N events
  hang               never answer                hang_after=N       silence after N events
  no_usage           leave the usage out         garbage            broken JSON
  wrong_type         text/html                   lying_length       a wrong Content-Length
  big_event_mib=N    a first word of N MiB       cached=N cache_5m=N cache_1h=N   cache classes
  usage=input:9,cache_read:9,cache_write_5m:9,cache_write_1h:9,output:9,reasoning:9,audio_input:9,
        audio_output:9,image_input:9,image_output:9,web_searches:9                exactly these
  service_tier=W  speed=W  inference_geo=W       what the answer says was served (the bill does not mind)
)";

using Take = std::function<bool(Options&, const std::string&)>;

template <typename Number>
bool number(const std::string& text, std::int64_t at_most, Number& out) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > at_most) return false;
    out = static_cast<Number>(value);
    return true;
}

bool milliseconds(const std::string& text, std::chrono::milliseconds& out) {
    std::int64_t value = 0;
    if (!number(text, 600'000, value)) return false;
    out = std::chrono::milliseconds(value);
    return true;
}

bool money(const std::string& text, NanoUsd& out) {
    const auto amount = NanoUsd::parse(text);
    if (!amount || amount->nanos() < 0) return false;
    out = *amount;
    return true;
}

const std::map<std::string, Take, std::less<>>& takes() {
    static const std::map<std::string, Take, std::less<>> table = {
        {"--address", [](Options& o, const std::string& v) { return !(o.address = v).empty(); }},
        {"--port", [](Options& o, const std::string& v) { return number(v, 65'535, o.port); }},
        {"--port-file", [](Options& o, const std::string& v) { return !(o.port_file = v).empty(); }},
        {"--bill", [](Options& o, const std::string& v) { return !(o.bill_file = v).empty(); }},
        {"--log", [](Options& o, const std::string& v) { return !(o.log_file = v).empty(); }},
        {"--key-file", [](Options& o, const std::string& v) { return !(o.key_file = v).empty(); }},
        {"--certificate", [](Options& o, const std::string& v) { return !(o.certificate = v).empty(); }},
        {"--private-key", [](Options& o, const std::string& v) { return !(o.private_key = v).empty(); }},
        {"--shards", [](Options& o, const std::string& v) { return number(v, 256, o.shards) && o.shards > 0; }},
        {"--price-input", [](Options& o, const std::string& v) { return money(v, o.prices.input); }},
        {"--price-output", [](Options& o, const std::string& v) { return money(v, o.prices.output); }},
        {"--price-cache-read", [](Options& o, const std::string& v) { return money(v, o.prices.cache_read); }},
        {"--answer-bytes", [](Options& o, const std::string& v) { return number(v, 64 << 20, o.bench.answer_bytes); }},
        {"--events", [](Options& o, const std::string& v) { return number(v, 1'000'000, o.bench.events); }},
        {"--event-bytes", [](Options& o, const std::string& v) { return number(v, 1 << 20, o.bench.event_bytes); }},
        {"--delay-ms", [](Options& o, const std::string& v) { return milliseconds(v, o.bench.delay); }},
        {"--event-ms", [](Options& o, const std::string& v) { return milliseconds(v, o.bench.pause); }},
    };
    return table;
}

}  // namespace

std::string_view help_text() { return help; }

Result<Options> read_options(const std::vector<std::string>& words) {
    Options out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (word == "--help")
            out.help = true;
        else if (word == "--version")
            out.version = true;
        else if (word == "--bench")
            out.bench.on = true;
        else if (word == "--log-bodies")
            out.log_bodies = true;
        else {
            const auto found = takes().find(word);
            if (found == takes().end())
                return fail(Fault::invalid_request, fmt::format("unknown argument \"{}\"", word));
            if (i + 1 == words.size()) return fail(Fault::invalid_request, fmt::format("{} needs a value", word));
            const std::string& value = words[++i];
            if (!found->second(out, value))
                return fail(Fault::invalid_request, fmt::format("{} does not take \"{}\"", word, value));
        }
    }
    if (out.certificate.empty() != out.private_key.empty())
        return fail(Fault::invalid_request, "--certificate and --private-key come together");
    return out;
}

}  // namespace bursar::demo
