#pragma once

#include "auth/person.h"
#include "service/base/result.h"
#include "service/store/store.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// One person: what is taken over from a source, how that changes them, and how they are stored.
namespace bursar::auth {

inline constexpr std::size_t groups_max = 5'000;  ///< of one person; a longer list is not trusted

/// Facts as they are kept: text that can be shown, groups in order and once each. Groups whose names cannot be printed
/// are left out, for no policy can name them; a list that is too long counts as unknown. invalid_request if the origin
/// is none.
Result<PersonFacts> usable(PersonFacts facts);

/// What a user name gives as the name of an account, best first: small letters, without DOMAIN\, the part before '@',
/// then all of it. Only characters that names in the policy have.
std::vector<std::string> account_names(std::string_view user_name);
/// The first of these, or the first with "-2", "-3" and so on, that `taken` does not say is taken.
Result<std::string> free_account_name(const PersonFacts& facts,
                                      const std::function<Result<bool>(const std::string&)>& taken);

/// How much a look at somebody has changed.
enum class News : std::uint8_t {
    none,
    seen,  ///< only that they were seen, a day after the last time
    facts,
};
Person first_seen(std::string name, const PersonFacts& facts, Timestamp now);
/// `facts` are usable and of this person. See People::see().
News take_in(Person& person, const PersonFacts& facts, Timestamp now);
/// See People::set_state(). Whether anything changed. conflict if the source forbids it.
Result<bool> move_to(Person& person, PersonState state, std::string_view why, Timestamp now);
/// Whoever began before is out.
void put_out(Person& person, Timestamp now);

Result<void> insert_person(store::Transaction& transaction, const Person& person);
Result<void> update_person(store::Transaction& transaction, const Person& person);
Result<std::optional<Person>> load_person(store::Transaction& transaction, std::string_view name);
Result<std::optional<Person>> load_person(store::Transaction& transaction, const Origin& origin);
Result<std::vector<Person>> load_people(store::Transaction& transaction);

}  // namespace bursar::auth
