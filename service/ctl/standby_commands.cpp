// The standby: how it stands, and who serves.
#include "service/ctl/standby_commands.h"

#include "service/base/json.h"
#include "service/ctl/terminal.h"

#include <QJsonObject>
#include <fmt/format.h>

namespace bursar::ctl {
namespace {

constexpr const char* path = "/api/v1/standby";
/// A lag of a long poll and a little more is none.
constexpr std::int64_t silent_ms = 5'000;

std::string text_of(const QJsonObject& object, const char* name) {
    return object.value(QLatin1String(name)).toString().toStdString();
}

/// Why nobody could take over without a loss now; empty: somebody could.
std::string objection(const QJsonObject& state) {
    const auto number = [&](const char* name) { return state.value(QLatin1String(name)).toInteger(); };
    const std::string post = text_of(state, "post");
    if (const std::string unfit = text_of(state, "unfit"); !unfit.empty()) return unfit;
    if (post == "alone") return "There is no standby with a whole copy.";
    if (post == "follower") return "This machine is still making its first copy.";
    if (post == "retired") return "This machine does not serve, and has to be paired anew: bursarctl standby pair";
    if (!state.contains(QLatin1String("heard_ms_ago"))) return "The other machine was not heard since the start.";
    if (number("heard_ms_ago") > silent_ms)
        return fmt::format("The other machine was last heard {} seconds ago.", number("heard_ms_ago") / 1000);
    if (!state.value(QLatin1String("copy_whole")).toBool()) return "The standby's copy is not whole.";
    return {};
}

}  // namespace

Outcome<Exit> standby_status(Context& context) {
    TRY(const Reply reply, context.api.get(path));
    return print_object(context, reply);
}

Outcome<Exit> standby_drill(Context& context) {
    TRY(const Reply reply, context.api.get(path));
    TRY(const QJsonObject state, object_of(reply));
    const std::string why_not = objection(state);
    const std::int64_t behind = state.value(QLatin1String("behind_bytes")).toInteger();
    const bool synchronous = text_of(state, "mode") == "synchronous";
    const std::string loss = synchronous || behind == 0
                                 ? std::string("nothing that was acknowledged")
                                 : fmt::format("what the standby lacks at that moment, now {} bytes", behind);
    if (context.json()) {
        JsonWriter json;
        json.open().field("could_take_over", why_not.empty()).field("why_not", why_not).field("would_be_lost", loss);
        json.close();
        print(std::move(json).text() + "\n");
    } else if (why_not.empty()) {
        print(
            fmt::format("The standby could take over now. After a loss of the primary would be lost: {}.\n"
                        "By plan nothing is lost: bursarctl standby take-over\n",
                        loss));
    }
    if (why_not.empty()) return Exit::ok;
    return failed(why_not);
}

/// The secret goes from machine to machine by a person, and no service needs to run for it.
Outcome<Exit> standby_pair(Context& context) { return become_bursard(context, {"--pair"}); }

Outcome<Exit> standby_take_over(Context& context) {
    const bool off = context.arguments.has("--primary-is-off");
    if (off && !context.arguments.has("--here"))
        return wrong_usage("--primary-is-off belongs to --here: say it on the standby.");
    if (context.arguments.has("--here"))
        return become_bursard(context, off ? std::vector<std::string>{"--take-over", "--primary-is-off"}
                                           : std::vector<std::string>{"--take-over"});
    TRY(const Reply reply,
        context.api.call({.method = "POST", .path = std::string(path) + "/hand-over", .body = "{}"}));
    remark("This machine hands over. Calls that run get some seconds to end. See: bursarctl standby status");
    return print_object(context, reply);
}

Outcome<Exit> standby_alone(Context& context) {
    if (context.arguments.has("--here")) return become_bursard(context, {"--alone"});
    if (!context.arguments.has("--yes")) {
        TRY(const bool sure, confirm("Are you sure that the standby is off? If it is not, both machines spend."));
        if (!sure) return failed("Nothing was done.");
    }
    TRY(const Reply reply, context.api.call({.method = "POST", .path = std::string(path) + "/alone", .body = "{}"}));
    return print_object(context, reply);
}

}  // namespace bursar::ctl
