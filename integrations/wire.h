#pragma once

#include "integrations/message.h"
#include "service/base/result.h"
#include "service/base/secret.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What bursard and bursar-courier say to each other over a Unix-domain socket: frames of four bytes of length
// (big-endian) and one JSON object. The service keeps everything that must not be lost; the courier keeps nothing.
// Questions about issues of Jira, and their answers, are in integrations/watch.h.
namespace bursar::integrations {

constexpr std::size_t frame_bytes_max = std::size_t{16} << 20;
constexpr int wire_version = 2;
constexpr std::size_t attachment_bytes_max = std::size_t{8} << 20;  ///< of all of one message
constexpr std::size_t receipt_text_bytes_max = 2000;                ///< reason and answer, each

enum class TargetKind : std::uint8_t { slack, jira, webhook, mail, teams };
std::string_view name_of(TargetKind kind);
std::optional<TargetKind> target_kind_of(std::string_view name);

/// Where a message goes and how. `settings` and `secrets` have the names of the policy's target section:
/// - slack: secret `webhook` (the URL), or secret `token` with setting `channel` (an id) and maybe `api` (its address);
/// - jira: settings `url`, `flavour` (cloud, data_center), `project`, `issue_type`, `user` (cloud), `labels`,
///   `components`, `done` and `reopen` (status categories or transition ids), `fields` (a JSON object), `assignees` (a
///   JSON object: team to account id or name, "" for all others), secret `token`;
/// - webhook: setting `url`, secret `key` (of its signature), maybe secret `authorization`;
/// - mail: settings `server` (smtp:// or smtps://), `from`, `to`, `user`, secret `password`;
/// - teams: secret `webhook`.
/// All: setting `ca` (PEM; empty: the system's), `proxy`.
struct Target {
    std::string name;
    TargetKind kind = TargetKind::slack;
    std::map<std::string, std::string> settings;
    std::map<std::string, Secret> secrets;
};

/// Service → courier: one message for one target. Of one target and incident only one is under way at a time.
struct Delivery {
    std::string id;  ///< the same for every try
    Target target;
    Message message;
    /// What an earlier message of this incident left at the target: {"channel","ts"} of Slack, {"key"} of Jira. Empty:
    /// none yet.
    std::map<std::string, std::string> thread;
    /// It may have arrived before: an earlier try ended without an answer. Jira is searched first; others mark the
    /// message.
    bool perhaps_sent = false;
};

enum class Outcome : std::uint8_t {
    sent,
    later,    ///< busy, down, slow: try again, not before `wait` if it is given
    refused,  ///< the target takes this message never: too large, a field that is missing
    closed,   ///< the target takes nothing any more: the webhook is gone, the token refused
};

/// Courier → service: how it went.
struct Receipt {
    std::string id;
    Outcome outcome = Outcome::later;
    /// To be kept for the incident, whatever the outcome (an issue may be there whose attachment is not); empty:
    /// nothing new.
    std::map<std::string, std::string> thread;
    std::optional<std::chrono::milliseconds> wait;
    std::string reason;  ///< one sentence for operators, without secrets
    std::string
        answer;  ///< the other side's status and the beginning of its words, at most 2,000 bytes, without secrets
    /// It was handed over and no answer came: the next try of this delivery has to be marked so.
    bool perhaps_sent = false;
};

/// The courier's first frame: {"courier":{"wire":2,"version":"0.1.0","at_once":8}}.
struct Hello {
    int wire = wire_version;
    std::string version;
    int at_once = 8;  ///< deliveries that it takes at a time
};

std::string write_hello(const Hello& hello);
Result<Hello> read_hello(std::string_view json);
/// Secrets are in it in plain: only for the socket.
Secret write_delivery(const Delivery& delivery);
Result<Delivery> read_delivery(std::string_view json);
/// Its id alone, also of one that read_delivery refuses: whoever sent it can be told so. Empty: not even that.
std::string delivery_id(std::string_view json);
std::string write_receipt(const Receipt& receipt);
Result<Receipt> read_receipt(std::string_view json);
/// A message alone, for previews and the webhook's body.
std::string write_message(const Message& message);
Result<Message> read_message(std::string_view json);

/// Takes whole frames out of what came so far.
class Frames {
  public:
    /// False: the frame that begins now is larger than `frame_bytes_max`; the connection has to be closed. After frames
    /// that were whole this shows when they are taken, so it is asked with each lot of bytes.
    bool add(std::string_view bytes);
    std::optional<std::string> next();

  private:
    std::size_t waits_for() const;
    std::string buffer_;
    std::size_t taken_ = 0;  ///< the next frame begins here
};
std::string framed(std::string_view json);

}  // namespace bursar::integrations
