using Events.Commands.Permissions;
using Events.Http.Auth;
using Events.Http.Describing;

namespace Events.Http.Jobs;

public static class JobEndpoints
{
    private const string Tag = "Jobs";

    private const string Example =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e61","type":"import_tasks","status":"running","cancelRequested":false,"progress":{"done":1200,"total":5000,"message":"Reading rows"},"attempts":1,"createdAt":"2026-11-21T09:30:00.123456Z","startedAt":"2026-11-21T09:30:00.125Z","finishedAt":null,"result":null,"error":null,"history":[]}""";

    public static void MapJobs(this IEndpointRouteBuilder api)
    {
        var jobs = api.ServiceProvider.GetRequiredService<JobHandlers>();
        api.MapGet("/jobs", jobs.ListAsync).RequirePermission(Permission.JobsRead).Describe(new("listJobs", Tag, "List jobs")
        {
            Description = "Newest first, without results. Long work answers 202 with the address of its job.",
            Query = [Parameter.Limit, Parameter.Cursor],
            Example = Examples.Page(JobJson.ListExample),
            Paginated = true,
        });
        api.MapGet("/jobs/{id}", jobs.GetAsync).RequirePermission(Permission.JobsRead).Describe(new("getJob", Tag, "Look at a job")
        {
            Description = "Its progress is a quarter of a second old at most. `failed` will be tried again; `dead` will not, until it is retried. `history` holds the attempts that did not succeed.",
            Example = Example,
        });
        api.MapPost("/jobs/{id}/cancel", jobs.CancelAsync).RequirePermission(Permission.JobsWrite).Describe(new("cancelJob", Tag, "Cancel a job")
        {
            Description = "A job that has not begun is cancelled at once. One that runs is asked to stop: 202, and it ends as `cancelled`, or as it would have if it was nearly done.",
            OtherStatus = 202,
            Example = Example,
        });
        api.MapPost("/jobs/{id}/retry", jobs.RetryAsync).RequirePermission(Permission.JobsWrite).Describe(new("retryJob", Tag, "Retry a job")
        {
            Description = "Revives a dead job with all its attempts, or makes a failed one's next attempt now.",
            Status = 202,
            Example = Example,
        });
    }
}
