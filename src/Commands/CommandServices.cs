using Events.Commands.Numbering;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Platform.Migrations;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Commands;

public static class CommandServices
{
    /// <summary>The write side of tasks and projects.</summary>
    public static IServiceCollection AddTasksAndProjects(this IServiceCollection services) => services
        .AddMigrations(typeof(CommandServices).Assembly)
        .AddEventStore(EventRegister.AddTo)
        .AddAggregate(TaskCommands.Aggregate)
        .AddAggregate(ProjectCommands.Aggregate)
        .AddSingleton<TaskNumbers>()
        .AddSingleton<TaskCommands>()
        .AddSingleton<ProjectCommands>()
        .AddHostedService<ProjectNews>();
}
