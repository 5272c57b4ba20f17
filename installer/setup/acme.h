#pragma once

#include "installer/setup/answers.h"
#include "installer/setup/certificate.h"
#include "installer/setup/files.h"
#include "installer/setup/system.h"

#include <string>
#include <string_view>

// A certificate of the company's own CA by ACME (RFC 8555): the client uacme asks for it, and never has its key.
namespace bursar::setup {

/// Where the parts of it lie: those that the set-up writes, and those that a renewal does.
struct AcmeFiles {
    std::filesystem::path answers;  ///< of the set-up, as far as a renewal needs them
    std::filesystem::path key, request, ca;
    std::filesystem::path folder;  ///< the user's who renews
    std::filesystem::path served;  ///< the certificate that the service shows

    static AcmeFiles in(const Paths& paths);
};

/// Writes key, request, CA and answers. A key that is there is kept, so that a certificate that is there stays good.
Result<void> prepare_acme(const Answers& answers, const Paths& paths, Timestamp now);

struct Renewal {
    CertificateFacts facts;
    bool is_new = false;  ///< false: the one that is there lasts for a while
};

/// Gets a certificate when there is none, or a third of its life is left, but never before its last 30 days; checks it
/// and puts it in place whole. `challenge` is the program that answers the CA. Blocking, some minutes at most.
Result<Renewal> renew_certificate(const Answers& answers, const AcmeFiles& files, const std::string& challenge,
                                  System& system);

/// Whether a certificate of these times is to be renewed now.
bool is_due(const CertificateFacts& facts, Timestamp now);
/// "https://ca.corp.example:9000/acme" -> host and port; port 0: it is no such address.
Server server_of_https(std::string_view url);

}  // namespace bursar::setup
