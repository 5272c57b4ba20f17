// bursar-load: puts a load on a gateway, checks every byte of its answers, and says in one line of JSON what it took.
#include "tests/bench/load.h"

#include <charconv>
#include <cstdio>
#include <sys/resource.h>

#include <fmt/format.h>

namespace bursar::bench {
namespace {

constexpr std::string_view help =
    "bursar-load: a load generator that checks every byte\n"
    "\n"
    "  bursar-load closed|open|streams|disturb --port N [options]\n"
    "\n"
    "  --port N           where the calls go               --reference N      the provider's own port: what is "
    "expected\n"
    "  --key TEXT         a virtual key                    --model NAME       what is asked for\n"
    "  --connections N    at once                          --seconds S        measured time, after --warm-up S\n"
    "  --prompt-bytes N   of the prompt                    --stream           ask for streams\n"
    "  --rate N           open: calls per second           --pid N[,N...]     processes whose CPU and memory count\n"
    "  --translated       the reference has other bytes than the answers, but the same words\n"
    "  --half-open N --slow N --hung N                     disturb: how many of each; --slow-model, --hung-model\n";

template <typename Number>
bool number(std::string_view text, Number& out) {
    return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{};
}

bool pids(std::string_view text, std::vector<int>& out) {
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find(','));
        int pid = 0;
        if (!number(one, pid)) return false;
        out.push_back(pid);
        text.remove_prefix(std::min(one.size() + 1, text.size()));
    }
    return true;
}

bool take(std::string_view name, const std::string& value, Plan& plan) {
    if (name == "--port") return number(value, plan.port);
    if (name == "--reference") return number(value, plan.reference);
    if (name == "--connections") return number(value, plan.connections);
    if (name == "--seconds") return number(value, plan.seconds);
    if (name == "--warm-up") return number(value, plan.warm_up);
    if (name == "--prompt-bytes") return number(value, plan.prompt_bytes);
    if (name == "--rate") return number(value, plan.rate) && plan.rate > 0;
    if (name == "--half-open") return number(value, plan.half_open);
    if (name == "--slow") return number(value, plan.slow);
    if (name == "--hung") return number(value, plan.hung);
    if (name == "--pid") return pids(value, plan.pids);
    if (name == "--key")
        plan.key = value;
    else if (name == "--model")
        plan.model = value;
    else if (name == "--slow-model")
        plan.slow_model = value;
    else if (name == "--hung-model")
        plan.hung_model = value;
    else
        return false;
    return true;
}

bool read(const std::vector<std::string>& words, Plan& plan) {
    if (words.empty()) return false;
    if (words[0] == "closed")
        plan.mode = Mode::closed;
    else if (words[0] == "open")
        plan.mode = Mode::open;
    else if (words[0] == "streams")
        plan.mode = Mode::streams;
    else if (words[0] == "disturb")
        plan.mode = Mode::disturb;
    else
        return false;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (words[i] == "--stream")
            plan.stream = true;
        else if (words[i] == "--translated")
            plan.translated = true;
        else if (i + 1 == words.size() || !take(words[i], words[i + 1], plan))
            return false;
        else
            ++i;
    }
    plan.stream = plan.stream || plan.mode == Mode::streams;
    if (plan.reference == 0) plan.reference = plan.port;
    return plan.port != 0;
}

int main_of(const std::vector<std::string>& words) {
    Plan plan;
    if (!read(words, plan)) {
        std::fputs(std::string(help).c_str(), stderr);
        return 2;
    }
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &files);
    }
    auto outcome = run(plan);
    if (!outcome) {
        std::fputs(fmt::format("bursar-load: {}\n", outcome.error().for_caller).c_str(), stderr);
        return 1;
    }
    const bool wrong = outcome->wrong > 0;
    std::fputs(fmt::format("{}\n", to_json(*std::move(outcome))).c_str(), stdout);
    return wrong ? 1 : 0;
}

}  // namespace
}  // namespace bursar::bench

int main(int count, char** words) { return bursar::bench::main_of(std::vector<std::string>(words + 1, words + count)); }
