/** The shell pattern under test, as published: a background subshell rewrites the task's file in place. */
import { utf8, type Bytes } from "../../../core/bytes.js";

/**
 * Takes SESSION, TASK_ID, SUBJECT and DESCRIPTION from its environment. It writes every member that TaskCreate wrote, because TaskGet
 * refuses an incomplete document. It takes no lock and writes in place, as published.
 */
export const PATTERN = `#!/bin/sh
# Start long task in background
(
  sleep 2
  # Update task when done
  cat > "$HOME/.claude/tasks/$SESSION/$TASK_ID.json" << EOF
{
  "id": "$TASK_ID",
  "subject": "$SUBJECT",
  "description": "$DESCRIPTION",
  "activeForm": "$ACTIVE_FORM",
  "status": "completed",
  "blocks": [],
  "blockedBy": [],
  "metadata": {
    "completedAt": "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  }
}
EOF
) &
`;

export const patternBytes = (): Bytes => utf8(PATTERN);
