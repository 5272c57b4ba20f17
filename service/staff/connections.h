#pragma once

#include "auth/directory.h"
#include "auth/ldap/ldap.h"
#include "auth/oidc/client.h"
#include "policies/identity.h"
#include "service/base/caller.h"
#include "service/base/clock.h"
#include "service/base/crypto.h"
#include "service/base/mutex.h"
#include "service/vault/vault.h"

#include <map>
#include <memory>
#include <string>

namespace bursar::staff {

/// Tokens of one issuer that were verified lately: a signature costs more than the rest of a call's admission.
class Programs {
  public:
    static constexpr std::size_t tokens_max = 10'000;
    static constexpr std::size_t subjects_max = 10'000;

    /// Null if it was not seen, or is over.
    std::shared_ptr<const Caller> find(const Digest& token, Timestamp now) const;
    /// One caller for all tokens of a subject: what the data plane has prepared for it stays good.
    std::shared_ptr<const Caller> keep(const Digest& token, Timestamp until, Caller caller);

  private:
    struct Seen {
        std::shared_ptr<const Caller> caller;
        Timestamp until;
    };
    mutable Mutex mutex_;
    std::map<Digest, Seen> tokens_ GUARDED_BY(mutex_);
    std::map<std::string, std::shared_ptr<const Caller>, std::less<>> callers_ GUARDED_BY(mutex_);
};

/// The directories and providers of one policy. Immutable but for what each keeps of its own (health, keys).
struct Connections {
    policies::Identity identity;
    std::map<std::string, std::shared_ptr<auth::Directory>, std::less<>> directories;
    std::map<std::string, std::shared_ptr<oidc::Client>, std::less<>> providers;
    struct Program {
        policies::WorkloadPolicy policy;
        std::shared_ptr<oidc::Workload> keys;
        std::shared_ptr<Programs> seen;
    };
    std::map<std::string, Program, std::less<>> workloads;
};

/// What makes them, so that tests can lend others.
struct Makers {
    std::function<Result<std::unique_ptr<auth::Directory>>(ldap::Options, ldap::BindPassword)> directory;
    oidc::Http http;
};

/// What does not change keeps its former connection, with what that has learned. One that the policy has wrong is left
/// out and logged: nobody signs in by it, the others work on.
std::shared_ptr<const Connections> connect(const policies::Identity& identity, const Connections* former,
                                           vault::Vault& vault, const Makers& makers, const Clock& clock);

ldap::Options options_of(const policies::DirectoryPolicy& policy);
oidc::Options options_of(const policies::OidcPolicy& policy);
oidc::WorkloadOptions options_of(const policies::WorkloadPolicy& policy);

}  // namespace bursar::staff
