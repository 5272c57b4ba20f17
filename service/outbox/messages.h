#pragma once

#include "integrations/message.h"
#include "policies/snapshot.h"
#include "service/outbox/state.h"
#include "service/reports/kept.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

// Events and incidents in words that people act on.
namespace bursar::outbox {

/// What messages are made with.
struct Context {
    const policies::Snapshot& rules;
    std::string_view public_url;  ///< "https://bursar.corp.example"; empty: messages have no links
    Timestamp now;
};

inline constexpr std::size_t items_max = 20;

/// The same for all messages of an incident, and for no other: within 200 bytes of printable ASCII.
std::string label_of(const Incident& incident);

/// What is told of an incident: `told` are the events that it tells, at least one; the one that matters most leads.
integrations::Message message_of(const Incident& incident, std::span<const Event> told, integrations::State state,
                                 const Context& context);
/// The same again, of something that lasts.
integrations::Message reminder_of(const Incident& incident, const Context& context);

/// One line for each of several messages that could not be told when it was time.
struct Missed {
    const integrations::Message* message = nullptr;
    enum class Now : unsigned char { lasts, over, news } now = Now::news;
    bool perhaps_told = false;
};
struct Digest {
    std::string target;
    std::int64_t number = 0;
    bool quiet = false;  ///< because it was quiet, else because the target took nothing
    int ended_meanwhile = 0;
    std::vector<Missed> missed;  ///< oldest first
};
integrations::Message digest_of(const Digest& digest, const Context& context);

/// The few numbers of a report, with a note in place of the report itself: it is put in when the message goes out
/// (put_in_report). Nothing if its JSON is none.
std::optional<integrations::Message> message_of_report(const Event& event, const reports::KeptWhole& report,
                                                       const Context& context);
/// The number of the report that belongs to the attachment.
std::optional<std::int64_t> report_noted_in(const integrations::Attachment& attachment);

/// Somebody tries a target.
integrations::Message test_message(std::string_view target, std::string_view author, const Context& context);
/// What an event of this kind would look like, made up. not_found if there is no such kind.
Result<integrations::Message> preview_of(std::string_view kind, const Context& context);

}  // namespace bursar::outbox
