#pragma once

#include "auth/authenticator.h"
#include "policies/rules.h"
#include "service/audit/audit.h"
#include "service/base/snapshot.h"
#include "service/edge/exchange.h"
#include "service/gateway/kept_room.h"
#include "service/gateway/metrics.h"
#include "service/gateway/rates.h"
#include "service/ledger/ledger.h"
#include "service/providers/body.h"
#include "service/replays/replays.h"
#include "service/shelf/shelf.h"
#include "service/stored/stored.h"
#include "service/vault/vault.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The data plane: every call goes through eight rooms, in order. serve.cpp tells the story.
namespace bursar::providers {
class Answer;
class Health;
namespace tokens {
class Keeper;
struct NoToken;
}  // namespace tokens
class WebSocket;
class Meter;
struct AnswerHead;
enum class Fit : std::uint8_t;
struct Judgement;
struct Reading;
}  // namespace bursar::providers

namespace bursar::gateway {

struct Call;
struct Errand;
class BatchFile;
class RealtimeSession;
class Shard;

/// What the rooms work with.
struct Parts {
    const policies::Rules& rules;
    const auth::Authenticator& callers;
    ledger::Ledger& ledger;
    const vault::Vault& vault;
    audit::Audit& audit;
    providers::Health& health;
    replays::Replays& replays;
    stored::Stored& stored;
    providers::tokens::Keeper& tokens;
    shelf::Shelf& shelf;
    const Clock& clock;
};

struct Limits {
    std::size_t body_bytes_max = std::size_t{32} << 20;
    std::size_t answer_bytes_max = std::size_t{64} << 20;  ///< of an answer that is not streamed
    std::size_t error_bytes_max = std::size_t{1} << 20;    ///< of a provider's error body
    std::size_t kept_answer_bytes_max = replays::Limits{}.answer_bytes_max;
    std::size_t kept_talks_bytes_max = std::size_t{128} << 20;  ///< of conversations on all WebSockets
};

/// For how long calls are ended: a stop is for good, whatever else happens meanwhile.
enum class Ended : std::uint8_t { for_now, for_good };

class Gateway {
  public:
    Gateway(Parts parts, Limits limits, std::span<asio::io_context* const> shards);
    ~Gateway();

    /// One call, from its head to its outcome row. Never throws; answers in the caller's dialect. On the exchange's
    /// shard.
    Task<void> serve(edge::Exchange& exchange);
    /// The WebSocket that wants_talk() says a head asks for: each of its messages is a call that `calls` serves.
    Task<void> converse(edge::Exchange& exchange, edge::Handler& calls);
    /// The session that wants_session() says a head asks for: each of its responses is a call.
    Task<void> realtime(edge::Exchange& exchange);
    /// Ends every call that is at a provider: a stream with an in-band error, any other with 503, so that a stop leaves
    /// nothing that looks complete and is not, and no hold open. So does every later one, until go_on(). Any thread.
    void end_streams(Ended ended);
    /// Calls go to providers again, unless they were ended for good. Any thread.
    void go_on();
    const Metrics& metrics() const { return metrics_; }

  private:
    friend class RealtimeSession;
    Task<void> rooms(Call& call);
    Task<Result<void>> hear(Call& call);
    /// For a call with an Idempotency-Key: whether it was answered from what is kept. False: it runs, and its answer
    /// will be. call_in_progress, idempotency_key_reused, idempotency_key_spent, invalid_request, overloaded.
    Task<Result<bool>> repeat(Call& call);
    Task<Result<void>> replay(Call& call, std::int64_t number);
    /// Finds the stored response that the call is about, or goes on from, if it is the caller's own. not_found;
    /// invalid_request: it names items without one.
    Result<void> recall(Call& call);
    /// The provider stores the answer: remembers whose it is and, once that is told, how long.
    void keep_in_mind(Call& call, const providers::Reading& reading);
    Result<void> admit(Call& call);
    /// Its first half: all but the limits of speed.
    Result<void> find_route(Call& call);
    Result<void> take_rates(Call& call);
    /// Whether the caller's key may call at all just now. paused.
    Result<void> check_pause(Call& call);
    Result<void> take_permit(Call& call, Tokens tokens);
    Result<void> choose(Call& call);
    /// For what passes: the first of the provider's keys that takes calls. overloaded.
    Result<void> choose_pass_key(Call& call);
    Task<Result<void>> hold(Call& call);
    /// The key itself, or the token that was asked for with it; where that is on its way, an error and `token_comes`.
    Result<vault::Lease> lend(Call& call);
    Result<vault::Lease> lend_token(Call& call);
    /// Waits for the token that comes.
    Task<Result<vault::Lease>> lend_later(Call& call);
    /// The provider refused a token: whether another one is worth a try.
    bool renew_token(Call& call, providers::Fit fit);
    std::unexpected<Error> not_lent(Call& call, const Error& error);
    Task<Result<void>> forward(Call& call, const vault::Lease& lease);
    void settle(Call& call);
    void end_key(Call& call);
    void record(Call& call);
    void record_earlier(const Call& call, audit::Outcome earlier);

    /// Each is done when the caller has an answer, or gives an error of which the caller has seen nothing.
    Task<Result<void>> relay_refusal(Call& call, providers::Answer& answer);
    Task<Result<void>> relay_whole(Call& call, providers::Answer& answer);
    Task<Result<void>> relay_stream(Call& call, providers::Answer& answer);
    /// Of what passes: nobody looks into it.
    Task<Result<void>> relay_as_it_is(Call& call, providers::Answer& answer);
    void begin_stream(Call& call, providers::Answer& answer, Moment now);
    Task<Result<void>> nothing_left(Call& call, providers::Answer& answer, providers::Meter& meter,
                                    std::string_view events);
    Task<Result<void>> without_content(Call& call, providers::Meter& meter, std::string_view events, Error failure);
    /// Of a success that is none: what it says of the prompt is told as the refusal that it is, in the provider's
    /// words.
    Task<Result<void>> not_served(Call& call, std::string_view said, Error error);
    void learn_from_end(Call& call, const providers::Reading& reading, const Error* failure);
    /// What goes to the provider as the body.
    struct Outgoing {
        providers::Pieces pieces;  ///< of the caller's own, around the few bytes that differ
        std::string translated;    ///< or this
    };
    static Result<Outgoing> compose(const Call& call);
    Task<void> pass_on_refusal(Call& call, const providers::AnswerHead& head, std::string_view body);
    /// Ends an attempt of which the caller has seen nothing: books it, notes what its failure says about channel and
    /// key, and decides whether another follows (Call::again). Gives the error back.
    std::unexpected<Error> give_up(Call& call, const providers::Judgement& judgement, Error error);
    /// What a failed attempt says about channel and key.
    void tell_health(Call& call, const providers::Judgement& judgement, const Error& error);
    bool may_try_again(Call& call);
    /// Whether another channel could follow this attempt.
    bool has_others(const Call& call) const;
    /// To the model that the policy names for such a refusal; false if it names none.
    bool fall_back(Call& call, providers::Fit fit);
    int budget_left_percent(const Call& call) const;
    Task<void> end_stream(Call& call, bool mid_event, const Error& error);
    /// Makes the hold cover what has been delivered; budget_exhausted when there is no money for more.
    Result<void> grow(Call& call, const providers::Reading& reading);
    /// The cost of what was served, booked at once and exactly once.
    void book(Call& call, const providers::Reading& reading);
    void book_hold(Call& call, UsageSource source);
    void settle_at(Call& call, const Amounts& amounts);
    void release(Call& call);

    /// The head of a provider's success, with what the caller's agent shows of their limits.
    edge::ResponseHead success_head(const Call& call, const providers::AnswerHead& from_provider, Moment now) const;
    Task<void> list_models(Call& call);
    /// The rooms of a session's upgrade; without a socket it has been answered.
    Task<void> open_session(Call& call, std::unique_ptr<providers::WebSocket>& socket);
    Task<Result<void>> dial(Call& call, const vault::Lease& lease, std::unique_ptr<providers::WebSocket>& socket);
    /// Whose the credential of the head is, if it is good and nothing else stands against it; else that has been
    /// answered.
    Task<std::shared_ptr<const Caller>> admits(edge::Exchange& exchange, Result<void> else_);

    // Files and batches (files.cpp, batches.cpp): one errand at the provider where they lie.
    Task<Result<void>> run_shelf(Call& call);
    Task<Result<void>> serve_shelf(Call& call);
    Task<Result<bool>> hear_shelf(Call& call);
    Task<Result<void>> upload_file(Call& call);
    Task<Result<void>> check_lines(Call& call, BatchFile& file);
    Task<Result<void>> list_shelf(Call& call);
    Task<Result<void>> get_shelved(Call& call);
    Task<Result<void>> give_content(Call& call);
    Task<Result<void>> delete_file(Call& call);
    Task<Result<void>> create_batch(Call& call);
    Task<Result<void>> cancel_batch(Call& call);
    Result<void> plan_batch(Call& call, const shelf::Item& file, std::string_view packed);
    Task<Result<void>> keep_batch(Call& call, const shelf::Item& file, std::string packed, std::string said);
    Task<Result<void>> put_batch(Call& call, const shelf::Item& batch, const std::string& packed);
    Result<shelf::Shown> shelved_item(const Call& call, shelf::Kind kind, std::string_view id) const;
    Task<Result<std::unique_ptr<providers::Answer>>> run_errand(Call& call, const Errand& errand);
    /// The body of a success. Nothing: the provider refused, and the caller has its words.
    Task<Result<std::optional<std::string>>> said_to(Call& call, providers::Answer& answer);
    Task<Result<std::optional<std::string>>> ask_about(Call& call, const shelf::Item& item, std::string_view method,
                                                       std::string_view behind);
    Task<Result<void>> relay_content(Call& call, providers::Answer& answer);
    Task<Result<void>> answer_json(Call& call, std::string_view body);
    /// What the provider told of an item just now.
    void note_told(const shelf::Item& item, const std::string& said);
    bool results_may_go(const shelf::Item& result) const;
    Task<void> refuse(Call& call, const Error& error);
    Shard& shard_of(edge::Exchange& exchange);

    Parts parts_;
    Limits limits_;
    Metrics metrics_;
    Rates rates_;
    KeptRoom kept_room_;
    std::vector<std::unique_ptr<Shard>> shards_;
};

/// What the data plane answers while the vault has not been unsealed since the start: 503 in the caller's dialect.
Task<void> refuse_sealed(edge::Exchange& exchange, const Clock& clock);

}  // namespace bursar::gateway
