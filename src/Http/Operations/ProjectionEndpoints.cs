using Events.Commands.Permissions;
using Events.Http.Auth;
using Events.Http.Describing;

namespace Events.Http.Operations;

/// <summary>What the command <c>events projections</c> does, for operators over HTTP.</summary>
public static class ProjectionEndpoints
{
    private const string Tag = "Operations";
    private const string Done = """{"projection":"TaskList","changed":true}""";

    private static readonly Parameter[] Name = [new("name", """{"type":"string","maxLength":64}""", "A projection's name, e.g. `TaskList` or `task-list`.", "task-list")];

    public static void MapProjectionOperations(this IEndpointRouteBuilder api)
    {
        var operations = api.ServiceProvider.GetRequiredService<ProjectionHandlers>();
        api.MapGet("/operations/projections", operations.StatusAsync).RequirePermission(Permission.OperationsRead).Describe(new("projectionStatus", Tag, "Look at the read models")
        {
            Description = "How far each is, who feeds it, what waits and why, and its latest rebuild with rate and time left.",
            Example = ProjectionJson.Example,
        });
        api.MapPost("/operations/projections/{name}/rebuild", operations.RebuildAsync).RequirePermission(Permission.OperationsWrite).Describe(new("rebuildProjection", Tag, "Rebuild a read model")
        {
            Repeated = "it says what is to be; a repeat finds it so, or is refused.",
            Description = "Beside the live one, which goes on; compared and switched to in one transaction. Runs in a process of the role `projections`; the status shows its progress.",
            Path = Name,
            Status = 202,
            Example = Done,
        });
        api.MapPost("/operations/projections/{name}/rollback", operations.RollBackAsync).RequirePermission(Permission.OperationsWrite).Describe(new("rollBackProjection", Tag, "Go back to the tables before the last switch")
        {
            Repeated = "it says what is to be; a repeat finds it so, or is refused.",
            Path = Name,
            Example = Done,
        });
        api.MapPost("/operations/projections/{name}/pause", operations.PauseAsync).RequirePermission(Permission.OperationsWrite).Describe(new("pauseProjection", Tag, "Stop feeding a read model")
        {
            Repeated = "it says what is to be; a repeat finds it so, or is refused.",
            Path = Name,
            Example = Done,
        });
        api.MapPost("/operations/projections/{name}/resume", operations.ResumeAsync).RequirePermission(Permission.OperationsWrite).Describe(new("resumeProjection", Tag, "Feed a paused read model again")
        {
            Repeated = "it says what is to be; a repeat finds it so, or is refused.",
            Path = Name,
            Example = Done,
        });
        api.MapPost("/operations/projections/{name}/verify", operations.VerifyAsync).RequirePermission(Permission.OperationsWrite).Describe(new("verifyProjection", Tag, "Prove that a read model is complete")
        {
            Repeated = "it says what is to be; a repeat finds it so, or is refused.",
            Description = "Compares, workspace by workspace, the count and sum of the events that were folded with the store's running proof and with the events themselves, and looks whether each still says what it said. Runs in a process of the role `projections`; `proof` in the status tells what it found.",
            Path = Name,
            Status = 202,
            Example = Done,
        });
        api.MapPost("/operations/projections/{name}/release", operations.ReleaseAsync).RequirePermission(Permission.OperationsWrite).Describe(new("releaseStream", Tag, "Fold what waits of a parked stream")
        {
            Repeated = "it says what is to be; a repeat finds it so, or is refused.",
            Path = Name,
            Body = ParkedStreamRequest.Release,
            Example = Done,
        });
        api.MapPost("/operations/projections/{name}/skip", operations.SkipAsync).RequirePermission(Permission.OperationsWrite).Describe(new("skipEvent", Tag, "Leave out the event that a stream waits behind, on record")
        {
            Repeated = "it says what is to be; a repeat finds it so, or is refused.",
            Path = Name,
            Body = ParkedStreamRequest.Skip,
            Example = Done,
        });
    }
}
