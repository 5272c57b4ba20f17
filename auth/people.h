#pragma once

#include "auth/keys.h"
#include "auth/person.h"
#include "service/base/clock.h"
#include "service/base/result.h"
#include "service/store/store.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bursar::auth {

/// Everybody that a directory, a provider of identities or SCIM has told of. All of them are in memory; a change is
/// durable first and then in force for the next call on any connection.
class People {
  public:
    using StandingOf = std::function<Standing(const PersonFacts&)>;
    /// In the transaction of a change: the audit row belongs there.
    using AlsoPerson = std::function<Result<void>(store::Transaction&, const Person&)>;

    static store::Schema schema();
    static Result<std::unique_ptr<People>> open(store::Store& store, const Clock& clock, StandingOf standing_of);
    virtual ~People() = default;

    /// Null if nobody has that name. Any thread; a look into memory.
    virtual std::shared_ptr<const Person> find(std::string_view name) const = 0;
    virtual std::shared_ptr<const Person> find(const Origin& origin) const = 0;
    virtual std::vector<std::shared_ptr<const Person>> all() const = 0;
    /// Whom somebody means who types this user name or e-mail address for that source; null if nobody is known by it,
    /// and one of them if several are. To count wrong passwords by account, never to let anybody in.
    virtual std::shared_ptr<const Person> meant_by(std::string_view source, std::string_view typed) const = 0;

    /// The source has just told of this person: makes or changes them. A person whom the source has disabled is
    /// suspended, with `why`; one who was missing, gone or suspended by the source is active again; whom an operator
    /// has suspended stays so. Nothing is written if nothing is new (but `seen_at`, once a day). Blocking.
    virtual Result<std::shared_ptr<const Person>> see(const PersonFacts& facts, const AlsoPerson& also) = 0;
    /// Moves somebody to a state. Whoever is no longer let in is put out in the same transaction: no session and no key
    /// of theirs is valid when it returns. not_found. Blocking.
    virtual Result<std::shared_ptr<const Person>> set_state(std::string_view name, PersonState state,
                                                            std::string_view why, const AlsoPerson& also) = 0;
    /// Ends every session of somebody, and leaves the rest.
    virtual Result<void> put_out(std::string_view name, const AlsoPerson& also) = 0;
    virtual Result<void> note_sign_in(std::string_view name, const AlsoPerson& also) = 0;

    /// One transaction for many, as a sync makes it: `seen` as see() does, `states` as set_state() does.
    struct Change {
        std::string name;
        PersonState state;
        std::string why;
    };
    virtual Result<void> change(std::span<const PersonFacts> seen, std::span<const Change> states,
                                const std::function<Result<void>(store::Transaction&)>& also) = 0;

    /// A new policy is in force: works everybody's standing out again.
    virtual void restand(StandingOf standing_of) = 0;
};

}  // namespace bursar::auth
