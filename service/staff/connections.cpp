#include "service/staff/connections.h"

#include "service/base/log.h"

#include <utility>

#include <fmt/format.h>

namespace bursar::staff {
namespace {

/// The vault's word for a secret that is not there, as the operator of a directory needs it.
Result<Secret> lend(vault::Vault& vault, const std::string& name) {
    auto lease = vault.lend(name);
    if (!lease)
        return fail(Fault::directory_unavailable,
                    "Signing in does not work at the moment. Whoever runs Bursar can see why.",
                    fmt::format("the secret \"{}\": {}", name, lease.error().operator_text()));
    return (*lease)->duplicate();
}

void tell(std::string_view kind, std::string_view name, const Error& error) {
    log::error("identity_not_connected", {{"kind", kind}, {"name", name}, {"reason", error.operator_text()}});
}

ldap::Kind kind_of(policies::DirectoryKind kind) {
    switch (kind) {
        case policies::DirectoryKind::active_directory:
            return ldap::Kind::active_directory;
        case policies::DirectoryKind::openldap:
            return ldap::Kind::openldap;
    }
    return ldap::Kind::openldap;
}

ldap::GroupsBy groups_by_of(policies::GroupsBy by) {
    switch (by) {
        case policies::GroupsBy::token_groups:
            return ldap::GroupsBy::token_groups;
        case policies::GroupsBy::in_chain:
            return ldap::GroupsBy::in_chain;
        case policies::GroupsBy::member_of:
            return ldap::GroupsBy::member_of;
        case policies::GroupsBy::member:
            return ldap::GroupsBy::member;
        case policies::GroupsBy::unique_member:
            return ldap::GroupsBy::unique_member;
        case policies::GroupsBy::member_uid:
            return ldap::GroupsBy::member_uid;
    }
    return ldap::GroupsBy::member;
}

/// The former one if the policy says the same of it, else a new one; null if it cannot be made.
template <typename Policy, typename Thing, typename Make>
std::shared_ptr<Thing> kept_or_made(std::string_view kind, const std::string& name, const Policy& policy,
                                    const std::map<std::string, Policy, std::less<>>* former_policies,
                                    const std::map<std::string, std::shared_ptr<Thing>, std::less<>>* former,
                                    const Make& make) {
    if (former != nullptr) {
        const auto before = former_policies->find(name);
        const auto there = former->find(name);
        if (before != former_policies->end() && there != former->end() && before->second == policy)
            return there->second;
    }
    auto made = make(policy);
    if (made) return std::shared_ptr<Thing>(std::move(*made));
    tell(kind, name, made.error());
    return nullptr;
}

}  // namespace

std::shared_ptr<const Caller> Programs::find(const Digest& token, Timestamp now) const {
    const MutexLock lock(mutex_);
    const auto found = tokens_.find(token);
    return found != tokens_.end() && now < found->second.until ? found->second.caller : nullptr;
}

std::shared_ptr<const Caller> Programs::keep(const Digest& token, Timestamp until, Caller caller) {
    const MutexLock lock(mutex_);
    if (tokens_.size() >= tokens_max) tokens_.clear();
    if (callers_.size() >= subjects_max) callers_.clear();
    auto& known = callers_[caller.name];
    if (!known) known = std::make_shared<const Caller>(std::move(caller));
    tokens_[token] = {.caller = known, .until = until};
    return known;
}

ldap::Options options_of(const policies::DirectoryPolicy& policy) {
    return {.name = policy.name,
            .kind = kind_of(policy.kind),
            .domain = policy.domain,
            .servers = policy.servers,
            .ca = policy.ca,
            .bind_dn = policy.bind_dn,
            .direct_bind = policy.direct_bind,
            .people_base = policy.people_base,
            .people_filter = policy.people_filter,
            .user_attribute = policy.user_attribute,
            .email_attribute = policy.email_attribute,
            .name_attribute = policy.name_attribute,
            .id_attribute = policy.id_attribute,
            .sign_in_by_email = policy.sign_in_by_email,
            .groups_base = policy.groups_base,
            .groups_filter = policy.groups_filter,
            .groups_by = groups_by_of(policy.groups_by),
            .nested = policy.nested,
            .timeout = policy.timeout};
}

oidc::Options options_of(const policies::OidcPolicy& policy) {
    return {.name = policy.name,
            .issuer = policy.issuer,
            .client_id = policy.client_id,
            .scopes = policy.scopes,
            .algorithms = policy.algorithms,
            .groups_claim = policy.groups_claim,
            .groups_cut_at = policy.groups_cut_at,
            .user_name_claim = policy.user_name_claim,
            .email_claim = policy.email_claim,
            .name_claim = policy.name_claim,
            .source = policy.source.empty() ? "oidc:" + policy.name : policy.source,
            .subject_claim = policy.subject_claim,
            .require = policy.require,
            .ca = policy.ca};
}

oidc::WorkloadOptions options_of(const policies::WorkloadPolicy& policy) {
    return {.name = policy.name,
            .issuer = policy.issuer,
            .audience = policy.audience,
            .jwks_uri = policy.jwks_uri,
            .ca = policy.ca,
            .algorithms = policy.algorithms,
            .subjects = policy.subjects,
            .require = policy.require};
}

std::shared_ptr<const Connections> connect(const policies::Identity& identity, const Connections* former,
                                           vault::Vault& vault, const Makers& makers, const Clock& clock) {
    auto now = std::make_shared<Connections>();
    now->identity = identity;
    for (const auto& [name, policy] : identity.directories) {
        auto directory = kept_or_made<policies::DirectoryPolicy, auth::Directory>(
            "directory", name, policy, former ? &former->identity.directories : nullptr,
            former ? &former->directories : nullptr, [&](const policies::DirectoryPolicy& of) {
                return makers.directory(options_of(of),
                                        [&vault, secret = of.bind_secret] { return lend(vault, secret); });
            });
        if (directory) now->directories.emplace(name, std::move(directory));
    }
    for (const auto& [name, policy] : identity.oidc) {
        auto provider = kept_or_made<policies::OidcPolicy, oidc::Client>("oidc", name, policy,
                                                                         former ? &former->identity.oidc : nullptr,
                                                                         former ? &former->providers : nullptr,
                                                                         [&](const policies::OidcPolicy& of) {
                                                                             return oidc::Client::make(
                    options_of(of),
                    of.secret.empty() ? std::function<Result<Secret>()>{}
                                      : [&vault, secret = of.secret] { return lend(vault, secret); },
                    makers.http, clock);
                                                                         });
        if (provider) now->providers.emplace(name, std::move(provider));
    }
    for (const auto& [name, policy] : identity.workloads) {
        std::shared_ptr<oidc::Workload> keys;
        auto seen = std::make_shared<Programs>();
        if (former != nullptr) {
            const auto there = former->workloads.find(name);
            if (there != former->workloads.end() && there->second.policy == policy) {
                keys = there->second.keys;
                seen = there->second.seen;
            }
        }
        if (!keys) {
            auto made = oidc::Workload::make(options_of(policy), makers.http, clock);
            if (!made) tell("workload", name, made.error());
            if (made) keys = std::move(*made);
        }
        if (keys) now->workloads.emplace(name, Connections::Program{policy, std::move(keys), std::move(seen)});
    }
    return now;
}

}  // namespace bursar::staff
