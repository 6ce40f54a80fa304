using Events.EventStore;
using Microsoft.Extensions.Hosting;

namespace Events.Commands.Projects;

/// <summary>
/// Forgets a project's cached state when another process changed it: creating a task reads its project without appending to
/// it, so no expected version would find out that it was archived elsewhere.
/// </summary>
internal sealed class ProjectNews(EventTail tail, AggregateLoader<ProjectState> projects) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var page in tail.SubscribeAsync(tail.HighWater, stoppingToken))
        {
            foreach (var recorded in page.Events)
            {
                if (recorded.Type.StartsWith("project_", StringComparison.Ordinal))
                    projects.Forget(recorded.Tenant, recorded.StreamId);
            }
        }
    }
}
