#include "service/daemon/pairing.h"

#include "service/base/json.h"
#include "service/base/log.h"
#include "service/daemon/pair_files.h"
#include "service/gateway/metrics.h"
#include "service/vault/vault.h"

#include <system_error>

#include <fmt/format.h>

namespace bursar::daemon {
namespace {

using standby::Post;

std::unexpected<Error> does_not_serve() {
    return fail(Fault::conflict, "This machine does not serve, so it has nothing to hand over. Ask the other one.");
}

constexpr std::string_view cannot_open =
    "The master key of the standby does not open what it has: nobody could take over. Copy this machine's key to it.";

/// A passphrase is a person's, so nobody can try it here.
KeyTrial key_trial(const Configuration& configuration) {
    if (configuration.key_source == KeySource::passphrase) return [](std::string_view) { return std::string(); };
    // systemd hands a credential over once, at the start of the unit.
    const std::string_view mend = configuration.key_source == KeySource::credential
                                      ? "Copy the primary's key, and start bursar anew on this machine."
                                      : "Copy the primary's key.";
    return [file = configuration.key_file, mend](std::string_view keyring) -> std::string {
        const auto key = vault::MasterKey::from_file(file);
        const auto opens = key ? vault::check_key(keyring, *key) : Result<void>(std::unexpected(key.error()));
        if (opens) return {};
        return fmt::format("This machine's master key does not open the primary's vault: {} {}",
                           opens.error().for_caller, mend);
    };
}

std::string_view name_of(Post post) {
    switch (post) {
        case Post::alone:
            return "alone";
        case Post::primary:
            return "primary";
        case Post::follower:
            return "follower";
        case Post::standby:
            return "standby";
        case Post::retired:
            return "retired";
    }
    return {};
}

std::string_view name_of(standby::Mode mode) {
    switch (mode) {
        case standby::Mode::synchronous:
            return "synchronous";
        case standby::Mode::asynchronous:
            return "asynchronous";
    }
    return {};
}

std::int64_t milliseconds_since(Moment then, Moment now) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - then).count();
}

/// What a standby said of itself the last time is then no longer known to be so.
bool is_silent(const std::optional<Moment>& heard_at, Moment now) {
    return !heard_at || now - *heard_at >= silent_after;
}

std::string since(const std::optional<Moment>& then, Moment now) {
    if (!then) return "not since the start";
    return fmt::format("{} s ago", milliseconds_since(*then, now) / 1000);
}

admin::Check check_of(const ServingNode& node) {
    const auto state = node.state();
    const auto bad = [](bool blocks, std::string text) {
        return admin::Check{"standby", false, blocks, std::move(text)};
    };
    if (state.standing.post == Post::retired)
        return bad(true, "The other machine has taken over. This one serves nothing any more.");
    const bool silent = is_silent(state.pulled_at, node.now());
    const std::string heard = since(state.pulled_at, node.now());
    if (!node.may_spend())
        return bad(true, fmt::format("No call is served: the standby was heard {}, and without it nothing is spent. "
                                     "Bring it back; or, if it is off and stays off: bursarctl standby alone",
                                     heard));
    if (!silent && state.standby_cannot_open) return bad(false, std::string(cannot_open));
    if (state.standing.post == Post::alone)
        return bad(false, silent ? "There is no standby yet: none has asked for a copy."
                                 : "The standby does not have a whole copy yet.");
    if (silent) return bad(false, fmt::format("The standby was heard {}.", heard));
    if (!state.standby_version.empty() && state.standby_version != BURSAR_VERSION)
        return bad(false, fmt::format("The standby runs version {}, this machine {}. Bring both to the same one.",
                                      state.standby_version, BURSAR_VERSION));
    if (!node.refused().empty()) return bad(false, "It was not handed over: " + node.refused());
    return {"standby", true, false, fmt::format("has group {} of {}", state.confirmed, state.newest)};
}

admin::Check check_of(const FollowingNode& node) {
    const auto state = node.state();
    std::string text = "This machine does not serve: ";
    switch (state.standing.post) {
        case Post::standby:
            text += fmt::format("it is the standby, and heard the primary {}.", since(state.heard_at, node.now()));
            break;
        case Post::follower:
            text += fmt::format("it follows the primary, heard {}, and has no copy that counts yet.",
                                since(state.heard_at, node.now()));
            break;
        case Post::retired:
            text += state.standing.run != 0 ? "it has handed over."
                                            : "the other one went on without it. Pair it anew: bursard --pair";
            break;
        case Post::alone:
        case Post::primary:
            text += "it has just taken over, and starts.";
            break;
    }
    for (const std::string& why : {state.failure, state.unfit})
        if (!why.empty()) text += " " + why;
    if (!state.refused.empty()) text += " It did not take over: " + state.refused;
    return {"standby", false, true, std::move(text)};
}

void write_status(JsonWriter& json, const ServingNode& node) {
    const auto state = node.state();
    json.field("post", name_of(state.standing.post)).field("epoch", state.standing.epoch);
    json.field("may_spend", node.may_spend());
    if (state.pulled_at) json.field("heard_ms_ago", milliseconds_since(*state.pulled_at, node.now()));
    json.field("copy_whole", state.standby_is_whole).field("newest_group", state.newest);
    json.field("standby_group", state.confirmed).field("behind_bytes", std::uint64_t{state.unconfirmed_bytes});
    if (!state.standby_version.empty()) json.field("standby_version", state.standby_version);
    if (state.standby_cannot_open && !is_silent(state.pulled_at, node.now())) json.field("unfit", cannot_open);
    if (state.behind_since) json.field("behind_ms", milliseconds_since(*state.behind_since, node.now()));
    if (const std::string why = node.refused(); !why.empty()) json.field("refused", why);
}

void write_status(JsonWriter& json, const FollowingNode& node) {
    const auto state = node.state();
    json.field("post", name_of(state.standing.post)).field("epoch", state.standing.epoch).field("may_spend", false);
    if (state.heard_at) json.field("heard_ms_ago", milliseconds_since(*state.heard_at, node.now()));
    json.field("copy_whole", state.held.whole).field("newest_group", state.newest);
    json.field("standby_group", state.held.group);
    if (!state.failure.empty()) json.field("failure", state.failure);
    if (!state.unfit.empty()) json.field("unfit", state.unfit);
    if (!state.refused.empty()) json.field("refused", state.refused);
}

void gauge(std::string& out, std::string_view name, std::string_view help, std::string_view value) {
    gateway::write_family(out, name, "gauge", help);
    out += fmt::format("{} {}\n", name, value);
}

std::string seconds(const std::optional<Moment>& then, Moment now) {
    return then ? fmt::format("{}", static_cast<double>(milliseconds_since(*then, now)) / 1e3) : "NaN";
}

}  // namespace

Result<std::unique_ptr<Pairing>> Pairing::open(const Configuration& configuration, std::function<void()> restart) {
    const StandbyOptions& options = *configuration.standby;
    const std::filesystem::path& state = configuration.state_folder;
    std::error_code made;
    std::filesystem::create_directories(pair_folder(state), made);
    std::filesystem::permissions(pair_folder(state), std::filesystem::perms::owner_all, made);
    // Whoever made it saw something that may not be so any more: it was not for a start that came later.
    if (take_wish(state)) log::warning("standby_wish_dropped", {{"why", "it was made before this start"}});
    TRY(Secret secret, read_pairing_secret(options.secret_file));
    TRY(const standby::Standing standing, standing_of(configuration));
    std::unique_ptr<Pairing> pairing(new Pairing(options, std::move(restart)));
    TRY(pairing->took_over_, adopt_copy(state, standing));
    standby::Pair pair{.secret = std::move(secret),
                       .mode = options.mode,
                       .times = options.times,
                       .standing_file = standing_file(state),
                       .version = BURSAR_VERSION};
    if (standing.post == Post::alone || standing.post == Post::primary) {
        pairing->serving_ = std::make_unique<ServingNode>(std::move(pair), standing, options.peer);
        return pairing;
    }
    TRY(pairing->following_,
        FollowingNode::open(std::move(pair), standing, {.state = state, .backups = configuration.backup_folder},
                            options.peer, pairing->restart_, key_trial(configuration)));
    return pairing;
}

void Pairing::start() {
    if (following_) following_->start();
}

void Pairing::begin_stop() {
    if (serving_) serving_->begin_stop();
    if (following_) following_->stop();
}

void Pairing::stop() {
    if (following_) following_->stop();
    if (serving_) serving_->stop();
}

Result<std::string> Pairing::pull(std::string_view bytes) {
    return serving_ ? serving_->pull(bytes) : following_->pull(bytes);
}

Result<std::string> Pairing::base(std::string_view bytes) {
    if (!serving_) return does_not_serve();
    return serving_->base(bytes);
}

Result<void> Pairing::hand_over() {
    if (!serving_) return does_not_serve();
    if (serving_->state().standing.post != Post::primary)
        return fail(Fault::conflict,
                    "This machine cannot hand over: no standby has a whole copy of it. See: bursarctl standby status");
    serving_->hand_over();
    return {};
}

Result<void> Pairing::go_on_alone() {
    if (!serving_) return does_not_serve();
    return serving_->go_on_alone();
}

std::string Pairing::status() const {
    JsonWriter json;
    json.open().field("mode", name_of(options_.mode)).field("peer", options_.peer.origin);
    json.field("mandate_ms", std::int64_t{options_.times.mandate.count()});
    json.field("patience_ms", std::int64_t{options_.times.patience.count()});
    if (serving_)
        write_status(json, *serving_);
    else
        write_status(json, *following_);
    json.close();
    return std::move(json).text();
}

admin::Check Pairing::check() const { return serving_ ? check_of(*serving_) : check_of(*following_); }

void Pairing::write_metrics(std::string& out) const {
    const Post post = serving_ ? serving_->state().standing.post : following_->state().standing.post;
    gateway::write_family(out, "bursar_standby_post", "gauge", "What this machine is in its pair.");
    for (const Post each : {Post::alone, Post::primary, Post::follower, Post::standby, Post::retired})
        out += fmt::format("bursar_standby_post{{post=\"{}\"}} {}\n", name_of(each), each == post ? 1 : 0);
    gauge(out, "bursar_standby_may_spend", "1 while this machine may spend.",
          serving_ && serving_->may_spend() ? "1" : "0");
    const auto heard = serving_ ? serving_->state().pulled_at : following_->state().heard_at;
    const Moment now = serving_ ? serving_->now() : following_->now();
    gauge(out, "bursar_standby_heard_seconds", "How long ago the other machine was heard; NaN: not since the start.",
          seconds(heard, now));
    if (!serving_) return;
    const auto state = serving_->state();
    gauge(out, "bursar_standby_behind_bytes", "What the standby has not confirmed.",
          std::to_string(state.unconfirmed_bytes));
    gauge(out, "bursar_standby_behind_seconds", "For how long the standby has not had everything.",
          state.behind_since ? seconds(state.behind_since, now) : "0");
}

}  // namespace bursar::daemon
