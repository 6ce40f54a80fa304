using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Platform.Migrations;

public static class MigrationServices
{
    /// <summary>Registers the assembly's embedded <c>Migrations/NNNN_name.sql</c>.</summary>
    public static IServiceCollection AddMigrations(this IServiceCollection services, Assembly assembly) =>
        services.AddSingleton(new MigrationAssembly(assembly));
}
