#include "auth/scim/scim.h"

#include "auth/scim/answers.h"
#include "auth/scim/discovery.h"
#include "auth/scim/rows.h"

#include <optional>

namespace bursar::scim {
namespace {

/// A source that sends so many changes at once that one of them is overtaken every time may come again.
constexpr int attempts_max = 16;

}  // namespace

store::Schema Scim::schema() { return rows_schema(); }

Answer Scim::serve(const Request& request, const Also& also) {
    auto answer = route(request, also);
    return answer ? *std::move(answer) : refusal(answer.error());
}

Outcome<Answer> Scim::route(const Request& request, const Also& also) {
    std::string_view path = request.path;
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    const std::size_t slash = path.find('/', 1);
    const std::string_view kind = path.substr(0, slash);
    const std::string_view id = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (kind == "/Users") return users(request, id, also);
    if (kind == "/Groups") return groups(request, id, also);
    if (kind == "/Bulk" || kind == "/Me")
        return refuse("", "Bulk and Me are not offered; see ServiceProviderConfig.", 501);
    TRY(std::string found, discover(path, request.base_url));
    if (request.method != "GET") return not_with(request.method);
    return Answer{.status = 200, .body = std::move(found), .location = {}, .etag = {}, .for_operator = {}};
}

Outcome<Answer> Scim::read(const std::function<Outcome<Answer>(store::Transaction&)>& reader) {
    Outcome<Answer> answer = Answer{};
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        answer = reader(transaction);
        return {};
    }));
    return answer;
}

Outcome<Answer> Scim::change(const Request& request, const Planner& planner, const Also& also) {
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        std::int64_t before = 0;
        Outcome<Plan> plan = Plan{};
        TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
            TRY(const SourceState state, load_source(transaction, request.source));
            before = state.changes;
            plan = planner(transaction);
            return {};
        }));
        if (!plan) return std::unexpected(std::move(plan).error());
        TRY(const bool done, commit(request, *plan, before, also));
        if (done) return std::move(plan->answer);
    }
    return refuse("", "Too many changes come at once. Send this one again in a moment.", 503);
}

Outcome<bool> Scim::commit(const Request& request, const Plan& plan, std::int64_t before, const Also& also) {
    bool overtaken = false;
    const auto written = people_.change(plan.seen, plan.states, [&](store::Transaction& transaction) -> Result<void> {
        TRY(SourceState state, load_source(transaction, request.source));
        overtaken = state.changes != before;
        if (overtaken) return fail(Fault::conflict, "Somebody else has changed this at the same moment.");
        TRY_VOID(plan.rows(transaction));
        ++state.changes;
        state.had_groups = state.had_groups || plan.tells_of_groups;
        TRY_VOID(save_source(transaction, request.source, state));
        return also ? also(transaction, plan.done) : Result<void>{};
    });
    if (overtaken) return false;
    if (!written) return std::unexpected(Refusal(written.error()));
    return true;
}

}  // namespace bursar::scim
