#include "service/treasury/conditions.h"

#include "policies/event_kinds.h"
#include "service/base/ensure.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bursar::treasury {
namespace {

/// The first word of its kind and what it is about: "disk:state". A second time it is the same incident again.
std::string incident_of(std::string_view kind, std::string_view subject) {
    const std::string_view first = kind.substr(0, kind.find('.'));
    return incident_named(fmt::format("{}|{}", first, subject));
}

Severity severity_of(const Condition& condition) {
    const policies::EventKind* const kind = policies::event_kind(condition.kind);
    return condition.severity.value_or(kind == nullptr ? Severity::info : kind->severity);
}

}  // namespace

const Course* Conditions::course_of(std::string_view begins) const {
    const auto found = std::ranges::find(courses_, begins, &Course::begins);
    return found == courses_.end() ? nullptr : &*found;
}

/// What was raised and not ended before this process began.
Result<void> Conditions::remember() {
    if (remembered_) return {};
    std::map<std::string, Open> open;
    TRY_VOID(store_.read([&](store::Transaction& transaction) -> Result<void> {
        for (const Course& course : courses_)
            TRY_VOID(transaction.each(
                "SELECT kind, incident, subject, severity FROM treasury_event WHERE kind = ? OR kind = ? ORDER BY "
                "number",
                {course.begins, course.ends}, [&](const store::Row& row) -> Result<void> {
                    const std::string incident(row.text(1));
                    if (row.text(0) == course.ends)
                        open.erase(incident);
                    else
                        open[incident] = {.subject = std::string(row.text(2)),
                                          .course = &course,
                                          .severity = bursar::severity_of(row.text(3))
                                                          .value_or(severity_of(Condition{
                                                              .kind = course.begins, .subject = {}, .text = {}}))};
                    return {};
                }));
        return {};
    }));
    open_ = std::move(open);
    remembered_ = true;
    return {};
}

Event Conditions::beginning(const Condition& condition, Timestamp now) const {
    const std::string incident = incident_of(condition.kind, condition.subject);
    return {.number = 0,
            .at = now,
            .name = fmt::format("{}:{}|{}", condition.kind, incident, to_text(now)),
            .kind = std::string(condition.kind),
            .subject = condition.subject,
            .text = condition.text,
            .detail = condition.detail,
            .incident = incident,
            .team = {},
            .severity = condition.severity};
}

Result<void> Conditions::look(const std::vector<Condition>& holding, const End& end, Timestamp now) {
    TRY_VOID(remember());
    std::map<std::string, Open> open = open_;
    std::vector<Event> found;
    std::set<std::string> held;
    for (const Condition& condition : holding) {
        const Course* const course = course_of(condition.kind);
        ENSURE(course != nullptr);
        const std::string incident = incident_of(condition.kind, condition.subject);
        held.insert(incident);
        const auto known = open.find(incident);
        if (known != open.end() && known->second.severity >= severity_of(condition)) continue;
        found.push_back(beginning(condition, now));
        open[incident] = {.subject = condition.subject, .course = course, .severity = severity_of(condition)};
    }
    for (const auto& [incident, one] : open_) {
        if (held.contains(incident)) continue;
        auto text = end(one.course->begins, one.subject);
        if (!text) continue;
        open.erase(incident);
        found.push_back({.number = 0,
                         .at = now,
                         .name = fmt::format("{}:{}|{}", one.course->ends, incident, to_text(now)),
                         .kind = std::string(one.course->ends),
                         .subject = one.subject,
                         .text = *std::move(text),
                         .detail = "{}",
                         .incident = incident});
    }
    if (!found.empty())
        TRY_VOID(store_.write([&](store::Transaction& transaction) -> Result<void> {
            for (const Event& event : found) TRY_VOID(raise(transaction, event));
            return {};
        }));
    open_ = std::move(open);
    return {};
}

}  // namespace bursar::treasury
