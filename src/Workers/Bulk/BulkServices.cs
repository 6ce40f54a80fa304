using Events.Messaging;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Workers.Bulk;

public static class BulkServices
{
    /// <summary>Bulk changes: every role may send them; the role <c>jobs</c> runs them, one at a time for each workspace.</summary>
    public static IServiceCollection AddBulkChanges(this IServiceCollection services) => services.AddMessaging(messages => messages
        .Queue("bulk", concurrency: 4, tenantConcurrency: 1)
        .Handle<BulkChangeTasks, BulkChangeTasksHandler>("bulk_change_tasks", "bulk", timeLimit: TimeSpan.FromHours(24), isJob: true, json: BulkJson.Default.BulkChangeTasks));
}
