// Hunts: policy documents that crash the reader, hang it, or are accepted without making a snapshot that can be used.
#include "policies/admit.h"
#include "policies/documents.h"
#include "service/base/ensure.h"

#include <string>

// The first byte splits the rest into two documents, so that references and doubles between documents are met too.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
    using namespace bursar;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const std::size_t split = text.size() * bytes[0] / 255;
    const policies::Parsed parsed = policies::parse(
        {}, {{"a.yaml", std::string(text.substr(0, split))}, {"b.yaml", std::string(text.substr(split))}}, 1);
    ENSURE((parsed.snapshot == nullptr) == !parsed.problems.empty());
    for (const policies::Problem& problem : parsed.problems) ENSURE(!problem.message().empty());
    if (!parsed.snapshot) return 0;

    // Whatever was accepted can be compared, admitted and charged.
    const policies::Snapshot& rules = *parsed.snapshot;
    ENSURE(policies::compare(rules, rules).empty());
    policies::compare(policies::Snapshot{}, rules);
    policies::secrets_of(rules);
    for (const auto& [name, team] : rules.teams) {
        const Caller caller{.key_id = "k", .name = "", .team = name, .person = "p", .models = {}, .budgets = {}};
        ENSURE(policies::accounts_of(rules, caller).has_value());
        for (const auto& [model, content] : rules.models)
            for (const Dialect dialect : {Dialect::openai, Dialect::anthropic}) {
                const policies::Ask ask{.dialect = dialect, .model = model, .stream = true, .input_at_most = 300'000};
                const auto route = policies::admit(rules, caller, ask, Timestamp{});
                if (!route) continue;
                ENSURE(!route->channels.empty() && route->price != nullptr);
                ENSURE(route->expected_min <= route->expected && route->expected <= route->worst);
            }
    }
    return 0;
}
