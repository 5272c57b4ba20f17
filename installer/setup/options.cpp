#include "installer/setup/options.h"

#include "installer/setup/steps/step.h"

#include <map>

#include <fmt/format.h>

namespace bursar::setup {

const std::string_view help_text =
    "bursar-setup: makes a running service of a fresh installation\n"
    "\n"
    "  bursar-setup                       asks on the terminal; may be stopped, and goes on where it was\n"
    "  bursar-setup --answers FILE        asks nothing\n"
    "  bursar-setup check STEP|all        looks at a step's answers, and at what they point at; changes nothing\n"
    "  bursar-setup renew                 renews the certificate that a CA gave by ACME, if it is time\n"
    "  bursar-setup --list                the steps, and the answers that a file may have\n"
    "  bursar-setup --help | --version\n"
    "\n"
    "  --answers FILE     INI; no secrets in it, but the files that have them. Of check: default the answers so far\n"
    "  --json             findings and summary as JSON\n"
    "  --no-start         write everything and make the vault, start nothing\n"
    "  --url URL          the service answers there already: put the secrets into it and try them\n"
    "  --root DIR         another place than /, where nothing is started and no owner is changed; for tests and "
    "images\n"
    "  --bursard FILE     bursard itself in place of bursar-offline\n"
    "  --bursarctl FILE   another bursarctl\n"
    "  --request FILE     of renew: what the CA is asked with\n"
    "  --challenge FILE   the program that answers the CA, in place of /usr/lib/bursar/challenge\n"
    "\n"
    "Exit status: 0 ok, 1 something is wrong, 2 wrong usage. See bursar-setup(8).\n";

Result<Options> read_options(const std::vector<std::string>& words) {
    Options out;
    const std::map<std::string_view, bool*> switches = {{"--help", &out.help},       {"-h", &out.help},
                                                        {"--version", &out.version}, {"--list", &out.list},
                                                        {"--json", &out.json},       {"renew", &out.renews}};
    const std::map<std::string_view, std::string*> values = {
        {"--answers", &out.answers}, {"--root", &out.root},
        {"--bursard", &out.bursard}, {"--bursarctl", &out.bursarctl},
        {"--url", &out.url},         {"check", &out.check},
        {"--request", &out.request}, {"--challenge", &out.challenge}};
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string& word = words[i];
        if (const auto flag = switches.find(word); flag != switches.end()) {
            *flag->second = true;
        } else if (word == "--no-start") {
            out.starts = false;
        } else if (const auto value = values.find(word); value != values.end()) {
            if (i + 1 == words.size() || words[i + 1].empty())
                return fail(Fault::invalid_request, fmt::format("{} needs a value", word));
            *value->second = words[++i];
        } else {
            return fail(Fault::invalid_request, fmt::format("unknown argument \"{}\"", word));
        }
    }
    if (!out.root.starts_with('/')) return fail(Fault::invalid_request, "--root is a path that begins with /");
    if (!out.check.empty() && out.check != "all" && step_of(out.check) == nullptr)
        return fail(Fault::invalid_request,
                    fmt::format("there is no step \"{}\"; bursar-setup --list shows all", out.check));
    return out;
}

std::string list_text() {
    std::string out;
    for (const Step& step : all_steps()) {
        out += fmt::format("{:<12} {}\n", step.name, step.about);
        for (const Question& question : all_questions()) {
            if (!step.has(question)) continue;
            const std::string fallback =
                question.fallback.empty() ? std::string() : fmt::format(" [{}]", question.fallback);
            out += fmt::format("  {:<28} {}{}\n", question.key, question.asks, fallback);
        }
    }
    return out;
}

}  // namespace bursar::setup
