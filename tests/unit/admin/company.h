#pragma once

#include "auth/directory.h"
#include "service/base/mutex.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace bursar::admin::test {

/// The people of a company, as its directory has them. Tests hire, move and lay off.
class Company {
  public:
    struct Employee {
        auth::PersonFacts facts;
        std::string password;
    };

    /// In these groups, and no others; the password is "right".
    void has(std::string_view user, std::vector<std::string> groups) EXCLUDES(mutex_);
    void has_no_more(std::string_view user) EXCLUDES(mutex_);
    void is_down(bool down) EXCLUDES(mutex_);
    auth::PersonFacts facts_of(std::string_view user) const EXCLUDES(mutex_);

    /// The directory of this company under a name of the policy.
    std::unique_ptr<auth::Directory> directory(std::string name) const;

  private:
    friend class CompanyDirectory;
    mutable Mutex mutex_;
    std::map<std::string, Employee, std::less<>> people_ GUARDED_BY(mutex_);
    bool down_ GUARDED_BY(mutex_) = false;
};

}  // namespace bursar::admin::test
