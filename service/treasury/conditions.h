#pragma once

#include "service/base/clock.h"
#include "service/base/severity.h"
#include "service/store/store.h"
#include "service/treasury/events.h"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What lasts and is found by looking: a channel that is out, a disk that is nearly full. Its beginning and its end are
// raised once each, also over restarts.
namespace bursar::treasury {

/// The kind that begins something, and the one that ends it.
struct Course {
    std::string_view begins;  ///< "disk.low"
    std::string_view ends;    ///< "disk.ok"
};

/// Something that holds now.
struct Condition {
    std::string_view kind;  ///< that begins it
    std::string subject;    ///< "channel:openai/gpt-4o": with the kind, what it is
    std::string text;       ///< one sentence
    std::string detail = "{}";
    std::optional<Severity> severity = {};  ///< none: the kind's. Where it grows, the beginning is raised again
};

/// Compares what holds with what was raised. One thread.
class Conditions {
  public:
    /// The words for the end of something; none: nobody can tell yet, so it goes on.
    using End = std::function<std::optional<std::string>(std::string_view begins, const std::string& subject)>;

    Conditions(store::Store& store, std::span<const Course> courses) : store_(store), courses_(courses) {}

    /// `holding`: all that holds, of every course. Blocking.
    Result<void> look(const std::vector<Condition>& holding, const End& end, Timestamp now);

  private:
    struct Open {
        std::string subject;
        const Course* course = nullptr;
        Severity severity = Severity::info;
    };
    Result<void> remember();
    const Course* course_of(std::string_view begins) const;
    Event beginning(const Condition& condition, Timestamp now) const;

    store::Store& store_;
    const std::span<const Course> courses_;
    bool remembered_ = false;
    std::map<std::string, Open> open_;  ///< by incident
};

}  // namespace bursar::treasury
