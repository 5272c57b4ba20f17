#pragma once

#include "installer/setup/answers.h"
#include "installer/setup/files.h"

#include <string>
#include <vector>

// What follows from the answers. Pure: texts for others to write down.
namespace bursar::setup {

/// bursard.ini.
std::string configuration_text(const Answers& answers, const Paths& paths);
/// The first policy: organisation, provider and models, team, directory, provider of identities, targets of alerts.
/// `directory_ca`: PEM, or empty.
std::string policy_text(const Answers& answers, const std::string& directory_ca);
/// A drop-in of bursar.socket; empty: the unit listens as asked already.
std::string socket_text(const Answers& answers);
/// A drop-in of bursar.service; empty: it may write where backups go already.
std::string service_text(const Answers& answers);
/// "https://bursar.corp.example:8443": where people reach the service.
std::string public_url(const Answers& answers);

/// A secret that the policy names, and the file that has it.
struct WantedSecret {
    std::string name, file;
};
std::vector<WantedSecret> wanted_secrets(const Answers& answers);

}  // namespace bursar::setup
