#pragma once

#include "tests/unit/auth/staff.h"

#include <chrono>
#include <string>
#include <utility>

namespace bursar::auth {

/// Ann in her browser and with her agent.
class SignedInStaff : public Staff {
  protected:
    static NewSession console(std::string person = "ann") {
        return {.person = std::move(person),
                .kind = SessionKind::console,
                .client = "Firefox",
                .address = "10.1.2.3",
                .way = "ldap:corp",
                .provider_session = "sid-1"};
    }
    static NewSession agent(std::string person = "ann") {
        return {.person = std::move(person),
                .kind = SessionKind::agent,
                .client = "claude_code",
                .address = "10.1.2.3",
                .way = "oidc:entra",
                .provider_session = "sid-2"};
    }
    ConsoleTicket begin_console() {
        auto ticket = sessions_->begin_console(console(), {});
        EXPECT_TRUE(ticket) << ticket.error().operator_text();
        return *std::move(ticket);
    }
    TokenPair begin_tokens() {
        auto pair = sessions_->begin_tokens(agent(), {});
        EXPECT_TRUE(pair) << pair.error().operator_text();
        return *std::move(pair);
    }
    bool works(const Secret& token) const { return sessions_->identify(token.reveal(), clock_.now()).has_value(); }
    Result<TokenPair> refresh(const Secret& token) { return sessions_->refresh(token.reveal(), counted()); }
    Also counted() {
        return [this](store::Transaction&) -> Result<void> {
            ++audited_;
            return {};
        };
    }
    int rows(std::string_view table) {
        int count = 0;
        EXPECT_TRUE(store_.read([&](store::Transaction& transaction) {
            return transaction.each("SELECT count(*) FROM " + std::string(table), {},
                                    [&](const store::Row& row) -> Result<void> {
                                        count = static_cast<int>(row.integer(0));
                                        return {};
                                    });
        }));
        return count;
    }
    int audited_ = 0;
};

inline Result<void> no_audit(store::Transaction&) { return fail(Fault::storage_unavailable, "No audit, no change."); }

}  // namespace bursar::auth
