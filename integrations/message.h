#pragma once

#include "service/base/clock.h"
#include "service/base/severity.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What people are told, before it is Slack's blocks, an issue of Jira or a mail. Plain text throughout: each renderer
// escapes for its own target. Never a prompt, never a secret.
namespace bursar::integrations {

/// How the incident stands that a message is about. News is over as soon as it is told.
enum class State : std::uint8_t { firing, resolved, news };

struct Fact {
    std::string name;   ///< "Spent"
    std::string value;  ///< "812.40 USD of 1,000.00 USD"
    bool operator==(const Fact&) const = default;
};

/// A budget as a bar: "▓▓▓▓▓▓▓▓░░ 81 %".
struct Bar {
    std::string label;  ///< "research, November"
    int percent = 0;    ///< from 0; may be above 100
    bool operator==(const Bar&) const = default;
};

struct Link {
    std::string text;
    std::string url;  ///< of the console
    bool operator==(const Link&) const = default;
};

/// One of several events that one message tells.
struct Item {
    Timestamp at;
    std::string text;  ///< one sentence
    bool operator==(const Item&) const = default;
};

struct Attachment {
    std::string name;   ///< "usage-2026-11.csv"
    std::string type;   ///< "text/csv"
    std::string bytes;  ///< at most 8 MiB of all of a message
    bool operator==(const Attachment&) const = default;
};

struct Message {
    /// What it is about, for as long as it lasts: every message of one incident has the same, and belongs into the same
    /// thread or issue. At most 200 bytes of printable ASCII.
    std::string incident;
    std::string kind;  ///< "budget.threshold", of the event that matters most
    Severity severity = Severity::info;
    State state = State::news;
    Timestamp at;       ///< when it happened
    std::string when;   ///< the same in the organisation's zone and words
    std::string title;  ///< one line: "research has spent 80 % of its 1,000.00 USD for November"
    std::string text;   ///< sentences; may be empty
    std::vector<Fact> facts;
    std::vector<Bar> bars;
    std::vector<Item> items;  ///< empty if it tells of one event only
    int items_left_out = 0;
    std::vector<Link> links;
    std::string whom;    ///< the team it is about, or empty: assignees and labels go by it
    std::string footer;  ///< "Example GmbH · Bursar"
    std::vector<Attachment> attachments;
    bool test = false;  ///< somebody tries the target
    bool operator==(const Message&) const = default;
};

}  // namespace bursar::integrations
