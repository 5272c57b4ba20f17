#pragma once

#include "auth/directory.h"
#include "auth/ldap/connection.h"
#include "auth/ldap/ldap.h"
#include "auth/ldap/login.h"
#include "auth/ldap/search.h"
#include "auth/ldap/servers.h"
#include "service/base/crypto.h"
#include "service/base/mutex.h"

#include <functional>
#include <string>
#include <vector>

namespace bursar::ldap {

/// A company's directory by LDAP. Each question is a connection of its own: nothing is shared but how the servers are.
class Company final : public auth::Directory {
  public:
    Company(Options options, BindPassword password, const Clock& clock, Trust trust, Servers::Discover discover);

    const std::string& name() const override { return options_.name; }
    Result<auth::PersonFacts> sign_in(std::string_view user, const Secret& password) override;
    Result<std::optional<auth::PersonFacts>> look_up(const auth::Origin& origin) override;
    Result<auth::Listing> list() override;
    std::vector<auth::Step> test(std::string_view user, const Secret& password) override;
    auth::DirectoryHealth health() const override { return servers_.health(); }

  private:
    using Work = std::function<Outcome<void>(Connection&, Deadline)>;
    /// Does the work at the first server that can be talked to; at the next one only if no password of a person has
    /// been sent.
    Outcome<void> at_a_server(Deadline deadline, const Work& work);
    Outcome<void> bind_service(Connection& connection, Deadline deadline);
    /// Why this password of the service account is not tried now; empty if it is.
    std::string resting(const Digest& password);
    void rest(const Digest& password, const std::string& why);
    Error unavailable(const Failure& failure);
    Deadline in(std::chrono::seconds time) const;

    // sign_in.cpp
    Outcome<Result<auth::PersonFacts>> check_found(Connection& connection, const Login& login, const Secret& password,
                                                   Deadline deadline);
    Outcome<Result<auth::PersonFacts>> check_directly(Connection& connection, const Login& login,
                                                      const Secret& password, Deadline deadline);
    Outcome<Result<Entry>> own_entry(Connection& connection, const Login& login, Deadline deadline);
    Outcome<Result<auth::PersonFacts>> let_in(Connection& connection, const Entry& entry, const BindAnswer& answer,
                                              Deadline deadline);
    Outcome<Found> candidates(Connection& connection, const std::string& filter, Deadline deadline);
    Outcome<void> add_groups(Connection& connection, const Entry& entry, auth::PersonFacts& facts, Deadline deadline);

    // list.cpp
    Outcome<void> list_all(Connection& connection, Deadline deadline, auth::Listing& listing);

    // test_steps.cpp
    std::unique_ptr<Connection> test_way(const Server& server, Deadline deadline, std::vector<auth::Step>& steps);
    void test_search(Connection& connection, Deadline deadline, std::vector<auth::Step>& steps);
    void test_person(Connection& connection, std::string_view user, const Secret& password,
                     std::vector<auth::Step>& steps);
    void test_password(Connection& connection, const std::string& bind_as, const Secret& password,
                       std::vector<auth::Step>& steps);
    void test_groups(Connection& connection, const Entry& entry, Deadline deadline, std::vector<auth::Step>& steps);
    std::string why_nobody(Connection& connection, Deadline deadline);

    const Options options_;
    const BindPassword password_;
    const Clock& clock_;
    const Trust trust_;
    Servers servers_;
    /// The password that the service account was refused with last: tried at every sign-in, it would lock the account.
    struct Refused {
        Digest password{};
        Moment until{};
        std::string why;
    };
    Mutex refused_mutex_;
    Refused refused_ GUARDED_BY(refused_mutex_);
};

}  // namespace bursar::ldap
