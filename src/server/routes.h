#pragma once

#include "http/router.h"
#include "server/access.h"
#include "server/answers_api.h"
#include "server/conversations_api.h"
#include "server/documents_api.h"
#include "server/health_api.h"
#include "server/maintenance_api.h"
#include "server/status_api.h"

namespace jackdaw::server {

// Every route of the program in one table (docs/http_api.md, web/openapi.json), with the access rules before it. What
// is passed here must live longer than the router.
http::Router make_router(HealthApi& health, DocumentsApi& documents, AnswersApi& answers,
                         ConversationsApi& conversations, StatusApi& status, MaintenanceApi& maintenance,
                         const Access& access);

}  // namespace jackdaw::server
