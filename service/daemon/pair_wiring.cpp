// This machine's part in a pair, where the house meets it.
#include "service/base/log.h"
#include "service/daemon/pair_conditions.h"
#include "service/daemon/pair_files.h"
#include "service/daemon/service.h"
#include "service/treasury/events.h"
#include "service/vault/followed.h"

#include <csignal>
#include <unistd.h>

#include <fmt/format.h>

namespace bursar::daemon {

bool Service::starts_anew() const {
    if (restart_.load()) return true;
    const ServingNode* const node = pairing_ ? pairing_->serving() : nullptr;
    return node != nullptr && node->state().standing.post == standby::Post::retired;
}

Result<void> Service::open_pair() {
    if (!configuration_.standby) return check_own_books(configuration_);
    TRY(pairing_, Pairing::open(configuration_, [this] {
            restart_.store(true);
            ::kill(::getpid(), SIGUSR2);
        }));
    TRY(pair_door_,
        PairDoor::open(
            configuration_.state_folder / "pair.sock", [this](std::string_view body) { return pairing_->pull(body); },
            [this](std::string_view body) { return pairing_->base(body); }));
    return {};
}

Result<void> Service::open_vault(const std::filesystem::path& folder) {
    if (!pairing_ || !pairing_->serves()) {
        TRY(vault_, vault::Vault::open(folder, clock_));
        return {};
    }
    TRY(auto followed,
        vault::open_followed(folder, clock_, pairing_->serving()->follower(standby::Part::secrets_database)));
    vault_ = std::move(followed.vault);
    wake_vault_ = std::move(followed.wake);
    return {};
}

admin::StandbyHooks Service::standby_hooks() {
    if (!pairing_) return {};
    return {.status = [this] { return pairing_->status(); },
            .hand_over = [this] { return pairing_->hand_over(); },
            .go_on_alone = [this] { return pairing_->go_on_alone(); },
            .may_record = [this] { return pairing_->may_record(); }};
}

/// The books are open, and nothing is served yet.
Result<void> Service::tell_take_over() {
    if (!pairing_) return {};
    if (pairing_->took_over()) {
        const std::uint64_t epoch = pairing_->serving()->state().standing.epoch;
        books_.audit->note({.actor = "service",
                            .address = "",
                            .action = "standby.took_over",
                            .object = "standby",
                            .outcome = "ok",
                            .detail = fmt::format(R"({{"epoch":{}}})", epoch)});
        TRY_VOID(books_.store->write([&](store::Transaction& transaction) -> Result<void> {
            TRY_VOID(treasury::raise(transaction, took_over(epoch, clock_.now())));
            return {};
        }));
    }
    return pairing_->serving()->open({.state_folder = configuration_.state_folder,
                                      .wake =
                                          [this] {
                                              books_.store->wake();
                                              wake_vault_();
                                          },
                                      .open_holds = [this] { return books_.ledger->totals().holds_open; },
                                      .end_streams = [this] { gateway_->end_streams(gateway::Ended::for_now); },
                                      .go_on = [this] { gateway_->go_on(); },
                                      .restart = pairing_->restart()});
}

}  // namespace bursar::daemon
