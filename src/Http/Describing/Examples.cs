namespace Events.Http.Describing;

/// <summary>Answers as they are, for the reference page.</summary>
public static class Examples
{
    public const string TaskRow =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","projectId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","key":"WEB-12","number":12,"title":"Write the release notes","status":"todo","priority":"high","assigneeId":null,"labels":["docs"],"dueOn":"2026-12-01","estimate":null,"parentId":null,"rank":"0000000ci","archived":false,"createdAt":"2026-11-21T09:30:00.123456Z","updatedAt":"2026-11-21T09:30:00.123456Z","version":1}""";

    public const string Project =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","key":"WEB","name":"Website","description":null,"leadId":null,"startsOn":null,"endsOn":null,"status":"active","archived":false,"createdAt":"2026-11-21T09:30:00.123456Z","updatedAt":"2026-11-21T09:30:00.123456Z","version":1}""";

    public const string ProjectRow =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","key":"WEB","name":"Website","description":null,"leadId":null,"startsOn":null,"endsOn":null,"status":"active","archived":false,"createdAt":"2026-11-21T09:30:00.123456Z","updatedAt":"2026-11-21T09:30:00.123456Z","version":1,"taskCounts":{"backlog":3,"todo":12,"in_progress":4,"in_review":1,"done":210,"cancelled":7}}""";

    public const string TaskDetail =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","projectId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","key":"WEB-12","number":12,"title":"Write the release notes","description":"For **everybody**.","status":"todo","priority":"high","assigneeId":null,"labels":["docs"],"dueOn":"2026-12-01","estimate":null,"parentId":null,"rank":"0000000ci","checklist":[{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e62","text":"Ask the translators","done":false}],"links":[],"watchers":[],"commentCount":1,"archived":false,"deleted":false,"createdAt":"2026-11-21T09:30:00.123456Z","createdBy":"01938f5e-0000-7000-8000-0000000000aa","updatedAt":"2026-11-21T09:30:00.123456Z","updatedBy":"01938f5e-0000-7000-8000-0000000000aa","version":3}""";

    public static string Change(string happened) =>
        $$"""{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","key":"WEB-12","version":2,"changes":["{{happened}}"]}""";

    public const string Ranked = """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e60","key":"WEB-12","version":2,"changes":["task_reranked"],"rank":"00000002rci"}""";

    public static string Page(string item) => $$"""{"items":[{{item}}],"nextCursor":null}""";
}
