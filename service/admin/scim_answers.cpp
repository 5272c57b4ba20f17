#include "service/admin/scim_answers.h"

#include "auth/scim/answers.h"

namespace bursar::admin {

bool is_scim(std::string_view path) {
    return path.starts_with(scim_base) && (path.size() == scim_base.size() || path[scim_base.size()] == '/');
}

Answer scim_answer_to(const Problem& problem) {
    Answer answer = answer_to(problem);
    scim::Refusal refused(problem.error);
    refused.status = answer.status;
    answer.body = scim::refusal(refused).body;
    answer.content_type = scim::content_type;
    return answer;
}

}  // namespace bursar::admin
