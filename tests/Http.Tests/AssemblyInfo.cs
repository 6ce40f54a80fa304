using Events.Http.Tests.Api;
using Xunit;

[assembly: AssemblyFixture(typeof(ApiServer))]
